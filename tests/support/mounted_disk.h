// A small file system in memory, where the test may mount one.
#pragma once

#include <sys/mount.h>

#include <filesystem>
#include <string>

namespace boardloop {

class MountedDisk {
 public:
  // `options` as of mount -t tmpfs -o: "size=4m". Look at mounted().
  MountedDisk(const std::string& folder, const std::string& options) : folder_(folder) {
    std::filesystem::create_directory(folder);
    mounted_ = mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~MountedDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  MountedDisk(const MountedDisk&) = delete;
  MountedDisk& operator=(const MountedDisk&) = delete;

  bool mounted() const { return mounted_; }
  bool MakeReadOnly() const {
    return mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  const std::string folder_;
  bool mounted_ = false;
};

}  // namespace boardloop
