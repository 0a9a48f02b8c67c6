// A MeasureTask carried out: from its network to a result, on a board that is ours.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/task.pb.h"
#include "device-agent/measure/measure.h"

namespace boardloop {

// The coordinator's files. Thread-safe functions.
struct ArtifactAccess {
  std::function<absl::StatusOr<std::string>(const std::string& name)> read;    // Bytes.
  std::function<absl::StatusOr<std::string>(const std::string& bytes)> write;  // Name.
};

// Always a result: what went wrong, and whose it is, is in it.
// board  "boards/{board}", for the report
v1::TaskResult RunMeasureTask(const v1::MeasureTask& task, const std::string& board,
                              Measurer& measurer, const BoardType& type,
                              const ArtifactAccess& artifacts);

}  // namespace boardloop
