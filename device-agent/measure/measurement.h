// What a measurement says, and how it is written: docs/formats/measurement.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/plan/plan.h"
#include "device-agent/measure/runner_session.h"
#include "nlohmann/json_fwd.hpp"

namespace boardloop {

// Whose a failure is. The program's exit code is the number.
enum class Outcome {
  kOk = 0,
  kAgentFailed = 1,      // We, or what is installed here: no compiler, a full disk.
  kInfeasible = 3,       // Does not fit the board: a result.
  kCandidateFailed = 4,  // It faulted, gave wrong bytes, or does not end.
  kBoardFailed = 5,      // Flash that does not hold, another board than expected, a wedged one.
  kProbeFailed = 6,      // Does not answer, or hung.
  kInvalidModel = 7,     // The file is refused.
};
const char* OutcomeName(Outcome outcome);  // "OK", "INFEASIBLE", ...

enum class MeasureMode { kImage, kResident };
const char* MeasureModeName(MeasureMode mode);

struct SramUse {
  int64_t arena = 0;             // Activations.
  int64_t scratch = 0;           // What kernel scratch adds.
  std::optional<int64_t> data;   // .data and .bss of the whole program; of an image only.
  std::optional<int64_t> stack;  // High-water mark, measured.
};

// Weights and constants are the network's: filters with their padding; and the rest that it keeps beside code, tables of calls
// included.
struct FlashUse {
  int64_t weights = 0;
  int64_t constants = 0;
  std::optional<int64_t> code,
      total;  // Of an image only. What the runner keeps beside code counts as code.
};

struct OpMeasurement {
  std::string name;
  std::string op;
  std::string kernel;  // "bl_conv_s8_dsp"; empty where nothing is called.
  int64_t macs = 0;
  Count count;
};

struct Measurement {
  Outcome outcome = Outcome::kOk;
  std::string message;  // Why, unless OK.

  std::string model;            // As the user named it.
  bool random_weights = false;  // Seeded ones: the network came without.
  MeasureMode mode = MeasureMode::kImage;
  std::string board, board_type;
  bool modelled = false;
  int64_t clock_hz = 0;

  std::vector<Count> runs;  // Empty when it was not run.
  bool has_instructions = false;

  std::optional<SramUse> sram;
  std::optional<FlashUse> flash;
  std::optional<Plan> plan;
  int64_t macs = 0;

  std::optional<bool> exact;       // Unset when it was not checked.
  int32_t inputs = 0;              // How many were compared.
  std::optional<int32_t> correct;  // Of the samples: how many the board put in their class.
  int32_t samples = 0;
  std::string outputs_sha256;
  std::vector<OpMeasurement> ops;

  std::vector<std::pair<std::string, double>> seconds;  // By step, in order.
  std::vector<std::pair<std::string, std::string>> provenance;
  std::string image_elf;  // With keep_image: the program that was measured.

  Count Median() const;
  double LatencyMs() const;
};

nlohmann::ordered_json ToJson(const Measurement& measurement);

}  // namespace boardloop
