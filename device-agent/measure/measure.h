// From a model to its figures on a board: plan, generate, build, program, run, read back, compare.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/data/samples.h"
#include "core/graph/model.h"
#include "core/plan/plan.h"
#include "device-agent/build/builder.h"
#include "device-agent/measure/board.h"
#include "device-agent/measure/measurement.h"

namespace boardloop {

struct MeasureOptions {
  MeasureMode mode = MeasureMode::kImage;
  bool patch = true;
  std::optional<int64_t> sram_limit;
  InputMode input = InputMode::kResident;
  int32_t runs = 3;    // That are timed, after one that is not.
  int32_t inputs = 1;  // Compared with the reference; image mode only.
  // Further inputs that are compared, and whose answers are counted; image mode only. May be null; not owned.
  const Samples* samples = nullptr;
  absl::Duration run_deadline = absl::Seconds(60);  // Of each request.
  bool keep_image = false;                          // In the measurement; image mode only.
};

// Called when a step begins and, with its seconds, when it has ended.
using StepObserver = std::function<void(const std::string& step, std::optional<double> seconds)>;

class Measurer {
 public:
  // Neither is owned.
  Measurer(Board& board, Builder& builder, StepObserver observer);

  // A file is a .blm, or else read as a .tflite.
  // Always returns a measurement: its outcome says what went wrong, and whose it is. After a
  // failure the board is brought into a known state by the next.
  Measurement MeasureFile(const std::string& path, const MeasureOptions& options);
  Measurement MeasureModel(const Model& model, const std::string& name,
                           const MeasureOptions& options);

  // What a measurement says before it has begun.
  Measurement Blank(const std::string& name, const MeasureOptions& options) const;

 private:
  class Job;

  Board& board_;
  Builder& builder_;
  StepObserver observer_;
  std::optional<FirmwareImage> resident_;  // Of the board's type, once built.
};

// The outcome of an error that the board's probe returned.
Outcome OutcomeOfBoardError(const absl::Status& status);

}  // namespace boardloop
