// A MeasureTask carried out, in two halves: what needs no board, and what does.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/task.pb.h"
#include "device-agent/measure/board.h"
#include "device-agent/measure/prepare.h"
#include "device-agent/measure/step.h"

namespace boardloop {

// The coordinator's files. Thread-safe functions.
struct ArtifactAccess {
  std::function<absl::StatusOr<std::string>(const std::string& name)> read;    // Bytes.
  std::function<absl::StatusOr<std::string>(const std::string& bytes)> write;  // Name.
};

struct PreparedTask {
  // Set where nothing can be measured: what went wrong, and whose it is, is in it.
  std::optional<v1::TaskResult> failure;

  PreparedMeasurement measurement;
  std::string library;  // To be delivered with the image, if it turns out well.
  double seconds = 0;   // That this took.
};

// From the network by name to a program for a board of the preparer's type. Safe beside others, and
// beside what runs.
PreparedTask PrepareMeasureTask(const v1::MeasureTask& task, Preparer& preparer,
                                const ArtifactAccess& artifacts, const StepObserver& observer);

// Always a result. Its seconds are those of both halves, without the wait between them.
// name  "boards/{board}", for the report
v1::TaskResult RunPreparedTask(const PreparedTask& task, const std::string& name, Board& board,
                               const ArtifactAccess& artifacts, const StepObserver& observer);

}  // namespace boardloop
