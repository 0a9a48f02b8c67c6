#include "core/data/image_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

absl::Status ListingError(const fs::path& directory, const std::error_code& error) {
  const std::string message =
      absl::StrFormat("cannot list %s: %s", directory.string(), error.message());
  if (error == std::errc::no_such_file_or_directory) return absl::NotFoundError(message);
  if (error == std::errc::permission_denied) return absl::PermissionDeniedError(message);
  return absl::InvalidArgumentError(message);
}

struct Listing {
  std::vector<std::string> folders;
  std::vector<std::string> files;
};

// Names of what is in `directory`, sorted; links count as what they point to. Names that begin with
// a dot are left out: desktops and file managers leave them behind.
absl::StatusOr<Listing> List(const fs::path& directory) {
  Listing listing;
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name[0] == '.') continue;
    std::error_code not_readable;  // A dangling link is neither: it counts as a file.
    const bool folder = entry->is_directory(not_readable);
    (folder ? listing.folders : listing.files).push_back(std::move(name));
    if (static_cast<int64_t>(listing.files.size()) > kMaxImages) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s has more than %d files", directory.string(), kMaxImages));
    }
  }
  if (error) return ListingError(directory, error);
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

bool IsImageName(const std::string& name) {
  const std::string extension = absl::AsciiStrToLower(fs::path(name).extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

// Appends the images of one class.
absl::Status AddClass(const fs::path& directory, ImageFolder& result) {
  BL_ASSIGN_OR_RETURN(Listing listing, List(directory));
  const size_t before = result.images.size();
  const auto label = static_cast<int32_t>(result.classes.size()) - 1;
  for (const std::string& name : listing.files) {
    if (IsImageName(name)) {
      result.images.push_back({(directory / name).string(), label});
    } else {
      ++result.other_files;
    }
  }
  if (result.images.size() == before) {
    return absl::InvalidArgumentError(
        absl::StrFormat("class folder %s has no .jpg, .jpeg or .png", directory.string()));
  }
  if (static_cast<int64_t>(result.images.size()) > kMaxImages) {
    return absl::InvalidArgumentError(
        absl::StrFormat("more than %d images up to %s", kMaxImages, directory.string()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImageFolder> ListImageFolder(const std::string& directory) {
  BL_ASSIGN_OR_RETURN(Listing listing, List(directory));
  const auto classes = static_cast<int64_t>(listing.folders.size());
  if (classes == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has no class folders; images are expected as %s/CLASS/IMAGE.jpg",
                        directory, directory));
  }
  if (classes > kMaxClassFolders) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s has %d class folders, at most %d are supported", directory, classes, kMaxClassFolders));
  }
  ImageFolder result;
  result.other_files = static_cast<int64_t>(listing.files.size());
  for (std::string& name : listing.folders) {
    const fs::path path = fs::path(directory) / name;
    result.classes.push_back(std::move(name));
    BL_RETURN_IF_ERROR(AddClass(path, result));
  }
  return result;
}

}  // namespace boardloop
