#include "worker/data/layout.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

using Kind = v1::DatasetSpec::Kind;

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// What a file's name says it is; KIND_UNSPECIFIED: no sample.
Kind KindOfFile(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (ending == ".wav") return v1::DatasetSpec::WAV_FOLDER;
  if (ending == ".jpg" || ending == ".jpeg" || ending == ".png") {
    return v1::DatasetSpec::IMAGE_FOLDER;
  }
  return v1::DatasetSpec::KIND_UNSPECIFIED;
}

// By the first sample that lies in a folder of a class.
Kind KindOfClasses(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator classes(folder, error), end; !error && classes != end;
       classes.increment(error)) {
    std::error_code inner;
    for (fs::directory_iterator files(classes->path(), inner); !inner && files != end;
         files.increment(inner)) {
      const Kind kind = KindOfFile(files->path());
      if (kind != v1::DatasetSpec::KIND_UNSPECIFIED) return kind;
    }
  }
  return v1::DatasetSpec::KIND_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<Kind> DetectLayout(const std::string& path) {
  const fs::path folder(path);
  if (!Exists(folder)) return absl::NotFoundError(absl::StrCat("no folder ", path));
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a folder"));
  }
  for (const char* suffix : {"", ".gz"}) {
    if (Exists(folder / absl::StrCat("train-images-idx3-ubyte", suffix))) {
      return v1::DatasetSpec::IDX;
    }
  }
  for (const char* name : {"data_batch_1.bin", "train.bin"}) {
    if (Exists(folder / name)) return v1::DatasetSpec::CIFAR_BINARY;
  }
  for (const fs::path& classes : {folder / "train", folder}) {
    const Kind kind = KindOfClasses(classes);
    if (kind != v1::DatasetSpec::KIND_UNSPECIFIED) return kind;
  }
  return absl::NotFoundError(
      absl::StrCat(path,
                   " has no data set: no IDX files (train-images-idx3-ubyte), no CIFAR files "
                   "(data_batch_1.bin, train.bin), and no folders with JPEG, PNG or WAV files"));
}

}  // namespace boardloop
