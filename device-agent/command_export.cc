// boardloop-agent export: a network as a C library for a project of one's own.

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "cli/analysis.h"
#include "cli/load_network.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/size.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/plan/plan.h"
#include "device-agent/build/firmware_sources.h"
#include "device-agent/command.h"
#include "device-agent/measure/measurement.h"
#include "firmware/codegen/engine_program.h"
#include "firmware/codegen/export_library.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Writes a network as a C library: generated code, kernels, an example";

constexpr char kNotes[] = R"(Examples:
  boardloop-agent export net.tflite --out library
  boardloop-agent export net.tflite --out library --kernels portable --prefix person_detector
  (cd library && cc -O2 *.c *.S -o example && ./example)       with portable kernels, anywhere

The library needs a C11 compiler that takes GNU assembler, and nothing else. README.md in the folder
says how to call it.
)";

struct Flags {
  std::string network;
  std::string out;
  EmitOptions emit;
  PlanOptions plan;
  KernelSet kernels = KernelSet::kDsp;
  bool json = false;
};

nlohmann::ordered_json Figures(const EngineProgram& program, const Plan& plan) {
  return {{"network", program.name},
          {"arena_bytes", plan.peak_sram_bytes},
          {"patch_grid", plan.patch.grid},
          {"patch_blocks", plan.patch.blocks},
          {"weight_bytes", program.weight_bytes},
          {"constant_bytes", program.FlashBytes() - program.weight_bytes},
          {"kernels", program.Kernels()}};
}

// Says why nothing is exported; the exit codes are those of `measure`.
int Refuse(Outcome outcome, const std::string& why) {
  std::fprintf(stderr, "boardloop-agent: %s: %s\n", OutcomeName(outcome), Printable(why).c_str());
  return static_cast<int>(outcome);
}

absl::StatusOr<int> RunExport(const Flags& flags) {
  const absl::StatusOr<Model> model = LoadModel(flags.network, "");
  if (absl::IsNotFound(model.status())) return model.status();
  if (!model.ok()) {
    return Refuse(Outcome::kInvalidModel, std::string(model.status().message()));
  }
  // Patches cost time: they are for those who say how little SRAM there is.
  PlanOptions options = flags.plan;
  if (!options.sram_limit.has_value()) options.patch = false;
  BL_ASSIGN_OR_RETURN(const Plan plan, PlanGraph(model->graph, options));
  if (!plan.meets_limit) {
    return Refuse(Outcome::kInfeasible,
                  absl::StrFormat("the smallest plan found needs %s B, --sram-limit is %s B",
                                  FormatInteger(plan.peak_sram_bytes),
                                  FormatInteger(*flags.plan.sram_limit)));
  }
  BL_ASSIGN_OR_RETURN(const EngineProgram program, MakeEngineProgram(*model, plan, flags.kernels));
  BL_ASSIGN_OR_RETURN(const std::string sources, FindFirmwareSources());
  BL_RETURN_IF_ERROR(ExportLibrary(program, flags.emit, sources, flags.out));
  const nlohmann::ordered_json figures = Figures(program, plan);
  BL_RETURN_IF_ERROR(WriteResults(
      flags.json
          ? JsonText(figures)
          : absl::StrFormat("%s: %s, arena %s B, weights %s B, constants %s B, %d kernels\n",
                            flags.out, PatchText(plan.patch), FormatInteger(plan.peak_sram_bytes),
                            FormatInteger(figures["weight_bytes"].get<int64_t>()),
                            FormatInteger(figures["constant_bytes"].get<int64_t>()),
                            figures["kernels"].size())));
  return 0;
}

}  // namespace

void AddExportCommand(CLI::App& program, AgentAction& action) {
  CLI::App& command = *program.add_subcommand("export", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("network", flags->network, "Network or int8 model")
      ->required()
      ->type_name("NET");
  command.add_option("--out", flags->out, "Folder to write; new or empty")
      ->required()
      ->type_name("FOLDER");
  AddChoice<KernelSet>(command, "--kernels", flags->kernels,
                       {{"dsp", KernelSet::kDsp}, {"portable", KernelSet::kPortable}},
                       "For Cortex-M4 and M7, or C for any processor");
  command.add_option("--prefix", flags->emit.prefix, "Of files and symbols, a C identifier")
      ->type_name("NAME")
      ->capture_default_str();
  AddChoice<bool>(
      command, "--patch", flags->plan.patch, {{"auto", true}, {"off", false}},
      "Whether the first layers may run patch by patch, where --sram-limit asks for it");
  AddSize(command, "--sram-limit", flags->plan.sram_limit, "Most SRAM for arena and scratch");
  AddInputMode(command, flags->plan.input);
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunExport(*flags); }; });
}

}  // namespace boardloop
