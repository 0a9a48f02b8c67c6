// The machine that `boardloop doctor` looks at. Nothing is changed by looking.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/client/target.h"
#include "core/base/process.h"

namespace boardloop {

struct DiskSpace {
  int64_t free_bytes = 0;
  std::string filesystem;  // "ext4", "nfs"; in hexadecimal where it has no name here.
  bool is_network = false;
};

class Host {
 public:
  virtual ~Host() = default;

  // The path of a program: beside ours, else in PATH; empty: neither.
  virtual std::string Find(const std::string& program) const = 0;
  // Statuses of RunProcess.
  virtual absl::StatusOr<ProcessOutput> Run(const std::vector<std::string>& argv) const = 0;

  virtual std::string Variable(const std::string& name) const = 0;  // Empty: not set.
  virtual absl::StatusOr<std::string> Read(const std::string& path) const = 0;
  // Whether a file or folder is there, and whether we may write it.
  virtual bool Exists(const std::string& path) const = 0;
  virtual bool MayWrite(const std::string& path) const = 0;
  // Whether everybody on this machine may read a file: it and its folder let them.
  virtual bool AnybodyMayRead(const std::string& path) const = 0;
  // Of the file system of `path`, which exists.
  virtual absl::StatusOr<DiskSpace> Disk(const std::string& path) const = 0;

  // Whether 127.0.0.1:`port` could be listened on.
  virtual bool PortIsFree(int port) const = 0;
  // What the coordinator says of its farm, in a few words; UNAVAILABLE: nobody answers; other statuses of a call.
  virtual absl::StatusOr<std::string> AskCoordinator(const Target& coordinator) const = 0;
  // The body of http://ADDRESS/PATH.
  virtual absl::StatusOr<std::string> Fetch(const std::string& address,
                                            const std::string& path) const = 0;

  virtual int Processors() const = 0;
  virtual int64_t MemoryBytes() const = 0;
  virtual absl::Time Now() const = 0;
};

}  // namespace boardloop
