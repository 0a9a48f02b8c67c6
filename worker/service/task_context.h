// What the one who carries out a task is given: the coordinator's files, whether to go on, and where to say how far it is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/task.pb.h"

namespace boardloop {

// All are set, and thread-safe.
struct TaskContext {
  // The bytes of `artifacts/{sha256}`, and the name of bytes once they are stored. While the coordinator is away both
  // wait; they end with CANCELLED when the task is abandoned.
  std::function<absl::StatusOr<std::string>(const std::string& name)> read;
  std::function<absl::StatusOr<std::string>(const std::string& bytes)> write;
  // Stop: the task is abandoned, or is to be handed back.
  std::function<bool()> cancelled;
  // Nobody wants it any more.
  std::function<bool()> abandoned;
  std::function<void(const v1::TaskProgress& progress)> report;
  // So many more images were trained on or evaluated.
  std::function<void(int64_t images)> count_images = [](int64_t /*images*/) {};
  // A line for the operator.
  std::function<void(const std::string& line)> log;
};

}  // namespace boardloop
