// A machine for `boardloop doctor` that has what a test gives it; at first nothing at all.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/doctor/host.h"

namespace boardloop {

class FakeHost : public Host {
 public:
  // A program, and what it answers to its arguments, joined by blanks. To others it says nothing.
  void AddProgram(const std::string& name, const std::string& arguments = "",
                  ProcessOutput output = {}) {
    programs_.insert(name);
    outputs_[absl::StrCat("/bin/", name, " ", arguments)] = std::move(output);
  }

  std::map<std::string, std::string> variables = {{"HOME", "/root"}}, files;
  std::set<std::string> folders = {"/"}, writable = {"/"}, readable_by_all;
  std::map<std::string, DiskSpace> disks;  // By folder.
  std::set<int> taken_ports;
  std::map<std::string, absl::StatusOr<std::string>> coordinators;  // What they say, by address.
  std::map<std::string, std::string> pages;                         // By address and path.
  int64_t memory_bytes = 0;
  absl::Time now = absl::UnixEpoch();

  std::string Find(const std::string& program) const override {
    return programs_.count(program) > 0 ? "/bin/" + program : "";
  }
  absl::StatusOr<ProcessOutput> Run(const std::vector<std::string>& argv) const override {
    const auto output = outputs_.find(absl::StrJoin(argv, " "));
    return output != outputs_.end() ? output->second : ProcessOutput();
  }
  std::string Variable(const std::string& name) const override {
    const auto variable = variables.find(name);
    return variable != variables.end() ? variable->second : "";
  }
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    const auto file = files.find(path);
    if (file == files.end()) return absl::NotFoundError(path);
    return file->second;
  }
  bool Exists(const std::string& path) const override {
    return files.count(path) > 0 || folders.count(path) > 0;
  }
  bool MayWrite(const std::string& path) const override { return writable.count(path) > 0; }
  bool AnybodyMayRead(const std::string& path) const override {
    return readable_by_all.count(path) > 0;
  }
  absl::StatusOr<DiskSpace> Disk(const std::string& path) const override {
    const auto disk = disks.find(path);
    if (disk == disks.end()) return absl::UnavailableError(path + ": no such disk");
    return disk->second;
  }
  bool PortIsFree(int port) const override { return taken_ports.count(port) == 0; }
  absl::StatusOr<std::string> AskCoordinator(const Target& coordinator) const override {
    const auto found = coordinators.find(coordinator.address);
    if (found == coordinators.end()) return absl::UnavailableError("nobody answers");
    return found->second;
  }
  absl::StatusOr<std::string> Fetch(const std::string& address,
                                    const std::string& path) const override {
    const auto page = pages.find(address + path);
    if (page == pages.end()) return absl::NotFoundError(address + path);
    return page->second;
  }
  int Processors() const override { return 2; }
  int64_t MemoryBytes() const override { return memory_bytes; }
  absl::Time Now() const override { return now; }

 private:
  std::set<std::string> programs_;
  std::map<std::string, ProcessOutput> outputs_;  // By the whole command.
};

}  // namespace boardloop
