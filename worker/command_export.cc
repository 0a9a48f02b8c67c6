// boardloop-worker export: a model from one format to another.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "cli/model_file.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "worker/command.h"
#include "worker/model_files.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Writes a quantized model as .tflite, .onnx or .blm";

constexpr char kNotes[] =
    R"(.tflite gives the same bytes in LiteRT's reference kernels; .onnx has the model as quantize and dequantize
operators around float ones (QDQ), for onnxruntime and converters; .blm is Boardloop's own (a Model message).

Examples:
  boardloop-worker export net.blm --out net.tflite --out net.onnx
)";

struct Flags {
  std::string model;
  std::vector<std::string> out;
};

absl::Status RunExport(const Flags& flags) {
  for (const std::string& path : flags.out) BL_RETURN_IF_ERROR(CheckModelPath(path));
  BL_ASSIGN_OR_RETURN(const Model model, ReadModelFile(flags.model));
  for (const std::string& path : flags.out) BL_RETURN_IF_ERROR(WriteModel(model, path));
  return WriteResults(absl::StrJoin(flags.out, "\n") + "\n");
}

}  // namespace

void AddExportCommand(CLI::App& program, WorkerAction& action) {
  CLI::App& command = *program.add_subcommand("export", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("MODEL", flags->model, "A .blm or an int8 .tflite")->required()->type_name("");
  command.add_option("--out", flags->out, "File to write; may be repeated")
      ->required()
      ->type_name("FILE");
  command.callback([flags, &action] { action = [flags] { return RunExport(*flags); }; });
}

}  // namespace boardloop
