// boardloop export: a network as a file for another tool.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/load_network.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/size.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/graph/model_proto.h"
#include "core/onnx/onnx.h"
#include "core/tflite/tflite.h"

namespace boardloop {
namespace {

enum class Format { kByEnding, kTflite, kOnnx, kModel };

struct ExportFlags {
  std::string network;
  std::string space;
  Format format = Format::kByEnding;
  std::string out;
};

constexpr char kHelp[] = "Writes a network as .tflite, .onnx or .blm";

constexpr char kNotes[] =
    R"(NETWORK is what `boardloop analyze` takes. Without a file that has weights it gets random ones, the
same each time: enough for speed and memory, not for accuracy.

Formats:
  tflite   int8, for LiteRT and tools of TensorFlow Lite
  onnx     opset 13, quantized as QuantizeLinear and DequantizeLinear around float operators; takes
           and returns float32 real values, NCHW
  model    .blm, Boardloop's own and exact (docs/formats/model.md)

Examples:
  boardloop export net.tflite --format onnx --out net.onnx
  boardloop export mcunet_vww1 --out vww.tflite
  boardloop export subnet.json --format model --out subnet.blm
)";

absl::StatusOr<Format> FormatOf(const ExportFlags& flags) {
  if (flags.format != Format::kByEnding) return flags.format;
  if (absl::EndsWith(flags.out, ".tflite")) return Format::kTflite;
  if (absl::EndsWith(flags.out, ".onnx")) return Format::kOnnx;
  if (absl::EndsWith(flags.out, kModelExtension)) return Format::kModel;
  return absl::InvalidArgumentError(absl::StrFormat(
      "--out %s ends in none of .tflite, .onnx and .blm: --format must say which it is",
      flags.out));
}

absl::StatusOr<std::string> Written(const Model& model, Format format) {
  if (format == Format::kTflite) return ExportTflite(model);
  if (format == Format::kOnnx) return ExportOnnx(model);
  std::string bytes = SerializeModel(model);
  if (static_cast<int64_t>(bytes.size()) <= kMaxModelBytes) return bytes;
  return absl::InvalidArgumentError(absl::StrFormat(
      "the model takes %d B, at most %d are supported", bytes.size(), kMaxModelBytes));
}

absl::StatusOr<ExitCode> RunExport(const ExportFlags& flags) {
  BL_ASSIGN_OR_RETURN(const Format format, FormatOf(flags));
  BL_ASSIGN_OR_RETURN(Model model, LoadModel(flags.network, flags.space));
  // Where the network lay on this machine is nobody else's concern.
  model.graph.name = model.graph.name.substr(model.graph.name.rfind('/') + 1);
  const absl::StatusOr<std::string> bytes = Written(model, format);
  if (!bytes.ok()) return Annotate(bytes.status(), flags.network);
  BL_RETURN_IF_ERROR(WriteFileAtomically(flags.out, *bytes));
  BL_RETURN_IF_ERROR(WriteResults(absl::StrFormat(
      "%s: %s B%s\n", Printable(flags.out), FormatInteger(static_cast<int64_t>(bytes->size())),
      IsModelFile(flags.network) ? "" : ", random weights")));
  return ExitCode::kOk;
}

}  // namespace

void AddExportCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("export", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<ExportFlags>();
  command.add_option("NETWORK", flags->network, "Network or int8 model")->required()->type_name("");
  AddChoice<Format>(command, "--format", flags->format,
                    {{"auto", Format::kByEnding},
                     {"tflite", Format::kTflite},
                     {"onnx", Format::kOnnx},
                     {"model", Format::kModel}},
                    "Kind of file; auto: by the ending of --out");
  command.add_option("--out", flags->out, "File to write")->required()->type_name("FILE");
  command.add_option("--space", flags->space, "Space of a subnet, when it is not a preset")
      ->type_name("FILE.json");
  command.callback([flags, &action] { action = [flags] { return RunExport(*flags); }; });
}

}  // namespace boardloop
