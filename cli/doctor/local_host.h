// The machine that we run on.
#pragma once

#include "cli/doctor/host.h"

namespace boardloop {

class LocalHost : public Host {
 public:
  std::string Find(const std::string& program) const override;
  absl::StatusOr<ProcessOutput> Run(const std::vector<std::string>& argv) const override;
  std::string Variable(const std::string& name) const override;
  absl::StatusOr<std::string> Read(const std::string& path) const override;
  bool Exists(const std::string& path) const override;
  bool MayWrite(const std::string& path) const override;
  bool AnybodyMayRead(const std::string& path) const override;
  absl::StatusOr<DiskSpace> Disk(const std::string& path) const override;
  bool PortIsFree(int port) const override;
  absl::StatusOr<std::string> AskCoordinator(const Target& coordinator) const override;
  absl::StatusOr<std::string> Fetch(const std::string& address,
                                    const std::string& path) const override;
  int Processors() const override;
  int64_t MemoryBytes() const override;
  absl::Time Now() const override;
};

}  // namespace boardloop
