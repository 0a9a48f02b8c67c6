// The first half of a measurement, which needs no board: plan, generate, build. measure.h has the
// second.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "core/graph/model.h"
#include "device-agent/build/builder.h"
#include "device-agent/build/resident_build.h"
#include "device-agent/measure/measure_options.h"
#include "device-agent/measure/measurement.h"
#include "device-agent/measure/step.h"
#include "firmware/codegen/emit_resident.h"
#include "firmware/codegen/engine_program.h"

namespace boardloop {

// A measurement that has all it needs but a board of its type.
struct PreparedMeasurement {
  // What is known so far; what is not known without a board is absent, its name too.
  Measurement measurement;
  MeasureOptions options;

  // Whether the measurement has ended already: it does not fit, is refused, or was not built. What
  // follows is of one that has not.
  bool complete() const { return measurement.outcome != Outcome::kOk; }

  Model model;  // What the outputs are compared with.
  std::vector<StepInfo> steps;
  std::vector<int32_t> lap_steps;
  std::shared_ptr<const FirmwareImage> image;  // The resident one is shared by all of its type.
  ResidentProgram table;                       // For the resident image.
};

// Thread-safe: measurements of one board type may be prepared side by side, and beside others that
// run.
class Preparer {
 public:
  // type     with firmware support (LoadMeasurableType)
  // builder  not owned
  Preparer(BoardType type, const Builder& builder);
  Preparer(const Preparer&) = delete;
  Preparer& operator=(const Preparer&) = delete;

  const BoardType& type() const { return type_; }

  // `name` is the user's for the model. What goes wrong, and whose it is, is in the measurement.
  PreparedMeasurement Prepare(Model model, const std::string& name, const MeasureOptions& options,
                              const StepObserver& observer);
  // A file is a .blm, or else read as a .tflite.
  PreparedMeasurement PrepareFile(const std::string& path, const MeasureOptions& options,
                                  const StepObserver& observer);
  // Complete: there is no model, for the reason `status`.
  PreparedMeasurement Refuse(const std::string& name, const MeasureOptions& options,
                             const absl::Status& status) const;

  // Errors as Builder::BuildResident().
  absl::StatusOr<std::shared_ptr<const FirmwareImage>> Resident() { return resident_.Get(); }

 private:
  class Job;

  PreparedMeasurement Blank(const std::string& name, const MeasureOptions& options) const;

  const BoardType type_;
  const Builder& builder_;
  ResidentBuild resident_;
};

}  // namespace boardloop
