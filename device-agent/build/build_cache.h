// Compiled objects and images by the hash of what they are made from.
//
// A folder that processes share: objects/<key>.o and images/<key>. A file is written under another
// name and renamed, so that it is whole or absent; an image carries the hash of its bytes, so that
// one that has changed on the disk is built again. Folders scratch-* belong to builds that run;
// those that a killed build left behind are removed after a day.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {

// A temporary folder; removed with its contents at the end.
class ScratchFolder {
 public:
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  friend class BuildCache;
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

// Thread-safe. UNAVAILABLE everywhere: the disk is full or the folder cannot be written.
class BuildCache {
 public:
  // Creates the folder if it is absent.
  static absl::StatusOr<BuildCache> Open(const std::string& folder);

  absl::StatusOr<ScratchFolder> MakeScratch() const;

  std::string ObjectPath(const std::string& key) const;
  bool HasObject(const std::string& key) const;
  // Moves the file `object`, in a scratch folder, into the cache.
  absl::Status AddObject(const std::string& key, const std::string& object) const;

  std::optional<std::string> FindImage(const std::string& key) const;
  absl::Status AddImage(const std::string& key, const std::string& elf) const;

 private:
  explicit BuildCache(std::string folder) : folder_(std::move(folder)) {}
  std::string ImagePath(const std::string& key) const;
  void RemoveAbandonedScratch() const;

  std::string folder_;
};

}  // namespace boardloop
