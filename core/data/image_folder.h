// A data set as a folder of folders: one per class, with its images inside.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

inline constexpr int64_t kMaxClassFolders = 65536;
inline constexpr int64_t kMaxImages = 10'000'000;

struct LabelledImage {
  std::string path;   // With the folder in front: can be opened as it is.
  int32_t label = 0;  // Index into ImageFolder::classes.
};

struct ImageFolder {
  std::vector<std::string> classes;   // Names of the class folders, in byte order.
  std::vector<LabelledImage> images;  // By class, then by file name in byte order.
  int64_t other_files = 0;            // Neither .jpg, .jpeg nor .png; hidden files are not counted.
};

// Lists DIR/CLASS/IMAGE.jpg. The order depends on names alone, not on the file system.
//
// NOT_FOUND          no such directory
// PERMISSION_DENIED  it or a class folder cannot be listed
// INVALID_ARGUMENT   not a directory, no class folders, a class without images, more than the limits
absl::StatusOr<ImageFolder> ListImageFolder(const std::string& directory);

}  // namespace boardloop
