// The engine on a board, network by network: cycles and instructions by layer and by kernel, per MAC;
// and beside those of an earlier run, so that two versions of the engine can be compared.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "cli/load_network.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/size.h"
#include "cli/table.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "device-agent/board_flags.h"
#include "device-agent/measure/measure.h"
#include "device-agent/measure/prepare.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

constexpr char kNotes[] = R"(Examples:
  engine_bench mcunet_vww1 mobilenet_v2:res=96 --board virtual-stm32f405
  engine_bench mcunet_vww1 --json > before.json     # then change the engine, build, and
  engine_bench mcunet_vww1 --baseline before.json

A network that is not a .tflite gets random weights, which do not change the time of a kernel.
)";

constexpr int64_t kMaxBaselineBytes = int64_t{64} << 20;

struct Flags {
  std::vector<std::string> networks;
  BoardFlags board;
  MeasureOptions measure;
  std::string baseline;
  bool json = false;
};

struct Sum {
  int64_t macs = 0, cycles = 0, instructions = 0;
};

using Json = nlohmann::ordered_json;

// "pointwise_add" of "bl_pointwise_add_s8_dsp".
std::string ShortKernel(const std::string& kernel) {
  std::string name = kernel.rfind("bl_", 0) == 0 ? kernel.substr(3) : kernel;
  const size_t type = name.find("_s8");
  return type == std::string::npos ? name : name.erase(type, 3);
}

absl::StatusOr<Json> MeasureAll(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<Board> board, OpenBoard(flags.board));
  BL_ASSIGN_OR_RETURN(const Builder builder, MakeBuilder(flags.board));
  Preparer preparer(board->type(), builder);
  Json results = Json::array();
  for (const std::string& network : flags.networks) {
    BL_ASSIGN_OR_RETURN(Model model, LoadModel(network, ""));
    const PreparedMeasurement prepared =
        preparer.Prepare(std::move(model), network, flags.measure, IgnoreSteps);
    const Measurement measurement = MeasurePrepared(prepared, *board, IgnoreSteps);
    if (measurement.outcome != Outcome::kOk) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s: %s: %s", network, OutcomeName(measurement.outcome), measurement.message));
    }
    results.push_back(ToJson(measurement));
  }
  return results;
}

std::map<std::string, Sum> ByKernel(const Json& result) {
  std::map<std::string, Sum> sums;
  for (const Json& op : result.at("per_op")) {
    for (const std::string& key : {ShortKernel(op.at("kernel")), std::string("all")}) {
      Sum& sum = sums[key];
      sum.macs += op.at("macs").get<int64_t>();
      sum.cycles += op.at("cycles").get<int64_t>();
      sum.instructions += op.value("instructions", int64_t{0});
    }
  }
  return sums;
}

std::string PerMac(int64_t count, int64_t macs) {
  return macs == 0
             ? "-"
             : absl::StrFormat("%.2f", static_cast<double>(count) / static_cast<double>(macs));
}

std::string Change(int64_t now, int64_t before) {
  if (before == 0) return "-";
  return absl::StrFormat("%+.2f%%",
                         100.0 * (static_cast<double>(now) / static_cast<double>(before) - 1.0));
}

std::string KernelTable(const Json& result, const Json* before) {
  const std::map<std::string, Sum> sums = ByKernel(result);
  const std::map<std::string, Sum> earlier =
      before == nullptr ? std::map<std::string, Sum>() : ByKernel(*before);
  Table table({{"kernel", Align::kLeft},
               {"MACs"},
               {"cycles"},
               {"per MAC"},
               {"instructions"},
               {"per MAC"},
               {"before"},
               {"change"}});
  for (const auto& [kernel, sum] : sums) {
    const auto old = earlier.find(kernel);
    const bool known = old != earlier.end();
    table.AddRow({kernel, FormatInteger(sum.macs), FormatInteger(sum.cycles),
                  PerMac(sum.cycles, sum.macs), FormatInteger(sum.instructions),
                  PerMac(sum.instructions, sum.macs),
                  known ? FormatInteger(old->second.cycles) : "-",
                  known ? Change(sum.cycles, old->second.cycles) : "-"});
  }
  return table.Text();
}

std::string LayerLines(const Json& result, const Json* before) {
  Table table({{"step"},
               {"layer", Align::kLeft},
               {"kernel", Align::kLeft},
               {"MACs"},
               {"cycles"},
               {"per MAC"},
               {"change"}});
  const Json& ops = result.at("per_op");
  // Steps can only be set side by side when both runs have the same ones.
  const bool comparable = before != nullptr && before->at("per_op").size() == ops.size();
  for (size_t i = 0; i < ops.size(); ++i) {
    const int64_t macs = ops[i].at("macs"), cycles = ops[i].at("cycles");
    const int64_t old = comparable ? before->at("per_op")[i].at("cycles").get<int64_t>() : 0;
    table.AddRow({std::to_string(i), ops[i].at("name"), ShortKernel(ops[i].at("kernel")),
                  FormatInteger(macs), FormatInteger(cycles), PerMac(cycles, macs),
                  Change(cycles, old)});
  }
  return table.Text();
}

// The result of `baseline` for the same network, or nullptr.
const Json* FindBaseline(const Json& baseline, const Json& result) {
  for (const Json& other : baseline) {
    if (other.at("model") == result.at("model")) return &other;
  }
  return nullptr;
}

absl::StatusOr<Json> ReadBaseline(const std::string& path) {
  if (path.empty()) return Json::array();
  BL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxBaselineBytes));
  Json baseline = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!baseline.is_array()) {
    return absl::InvalidArgumentError(path + " is not what --json writes");
  }
  return baseline;
}

absl::Status Run(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const Json baseline, ReadBaseline(flags.baseline));
  BL_ASSIGN_OR_RETURN(const Json results, MeasureAll(flags));
  if (flags.json) return WriteResults(JsonText(results));
  std::string text;
  for (const Json& result : results) {
    const Json* before = FindBaseline(baseline, result);
    text += absl::StrFormat("%s on %s, %s\n\n%s\n%s\n", result.at("model").get<std::string>(),
                            result.at("board_type").get<std::string>(),
                            result.at("timing").get<std::string>(), LayerLines(result, before),
                            KernelTable(result, before));
  }
  return WriteResults(text);
}

}  // namespace
}  // namespace boardloop

int main(int argc, char** argv) {
  boardloop::PrepareStandardStreams();
  boardloop::Flags flags;
  flags.board.board = "virtual-stm32f405";
  CLI::App program("Cycles of the engine's kernels on a board, by layer and by kernel");
  program.footer(boardloop::kNotes);
  program.add_option("network", flags.networks, "Network or int8 model")
      ->required()
      ->type_name("NET");
  boardloop::AddBoardFlags(program, flags.board);
  boardloop::AddChoice<bool>(program, "--patch", flags.measure.patch,
                             {{"auto", true}, {"off", false}},
                             "Patch by patch where it saves SRAM");
  boardloop::AddInputMode(program, flags.measure.input);
  boardloop::AddJson(program, flags.json);
  program.add_option("--baseline", flags.baseline, "An earlier --json, to compare with")
      ->type_name("FILE");
  CLI11_PARSE(program, argc, argv);
  absl::Status status;
  try {
    status = boardloop::Run(flags);
  } catch (const nlohmann::json::exception& error) {
    status = absl::InvalidArgumentError(std::string("baseline: ") + error.what());
  }
  if (status.ok()) return 0;
  boardloop::WriteMessage(std::string(status.message()));
  return 1;
}
