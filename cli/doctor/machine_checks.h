// The machine itself: processors and memory, clock, disks, ports; data sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/doctor/check.h"

namespace boardloop {

class SizeCheck : public Check {
 public:
  // Less memory than this is a warning.
  explicit SizeCheck(int64_t memory_bytes) : memory_bytes_(memory_bytes) {}
  std::vector<Finding> Look(const Host& host) const override;

 private:
  const int64_t memory_bytes_;
};

// Records carry times, and certificates have an end.
class ClockCheck : public Check {
 public:
  std::vector<Finding> Look(const Host& host) const override;
};

// A folder of state, or where it will be made: writable, room, and a file system that SQLite can trust.
class StateFolderCheck : public Check {
 public:
  // `part` below the folder of all states: "server"; empty: that itself.
  StateFolderCheck(std::string part, bool has_database)
      : part_(std::move(part)), has_database_(has_database) {}
  std::vector<Finding> Look(const Host& host) const override;

 private:
  const std::string part_;
  const bool has_database_;
};

// One of the usual ports.
class PortCheck : public Check {
 public:
  // `flag` takes another one; `needed`: the program does not serve without.
  PortCheck(int port, std::string what, std::string flag, bool needed)
      : port_(port), what_(std::move(what)), flag_(std::move(flag)), needed_(needed) {}
  std::vector<Finding> Look(const Host& host) const override;

 private:
  const int port_;
  const std::string what_, flag_;
  const bool needed_;
};

class DatasetCheck : public Check {
 public:
  std::vector<Finding> Look(const Host& host) const override;
};

}  // namespace boardloop
