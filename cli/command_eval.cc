// boardloop eval: how often an int8 model names the right class of an image.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/size.h"
#include "cli/table.h"
#include "core/base/status.h"
#include "core/data/evaluate.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

struct EvalFlags {
  std::string model;
  std::string folder;
  PixelScale pixel_scale = PixelScale::kAuto;
  std::optional<int32_t> limit;
  int32_t threads = 1;
  bool json = false;
};

constexpr char kHelp[] = "Counts top-1 of an int8 model on a folder of images";

constexpr char kNotes[] =
    R"(The model runs with the arithmetic of TFLite's reference kernels, bit for bit.

DIR holds one folder per class with JPEG or PNG images of the model's input size. The folders, in
order of their names, are the model's outputs: name them so (0_airplane, 1_automobile, ...).

Examples:
  boardloop eval model.tflite images/test
  boardloop eval model.tflite images/test --limit 1000 --json
)";

constexpr PixelScale kPixelScales[] = {PixelScale::kAuto, PixelScale::kPixels, PixelScale::kUnit,
                                       PixelScale::kSigned};

// Keeps `limit` images spread evenly over the folder, so that every class has its share.
void Thin(std::vector<LabelledImage>& images, int64_t limit) {
  const auto count = static_cast<int64_t>(images.size());
  if (limit >= count) return;
  for (int64_t i = 0; i < limit; ++i) {
    const int64_t from = (2 * i + 1) * count / (2 * limit);  // Never before i: not moved away yet.
    if (from != i) images[i] = std::move(images[from]);
  }
  images.resize(limit);
}

nlohmann::ordered_json ToJson(const EvalFlags& flags, const Evaluation& evaluation) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::array();
  for (const ClassCount& counted : evaluation.classes) {
    classes.push_back(
        {{"name", counted.name}, {"images", counted.images}, {"correct", counted.correct}});
  }
  return {{"model", flags.model},        {"folder", flags.folder},
          {"images", evaluation.images}, {"correct", evaluation.correct},
          {"top1", evaluation.top1},     {"pixel_scale", PixelScaleName(evaluation.pixel_scale)},
          {"threads", flags.threads},    {"images_per_second", evaluation.images_per_second},
          {"classes", classes}};
}

std::string ToText(const EvalFlags& flags, const ImageFolder& folder,
                   const Evaluation& evaluation) {
  Table table({{"class", Align::kLeft}, {"images"}, {"correct"}, {"top-1"}});
  for (const ClassCount& counted : evaluation.classes) {
    const double top1 = static_cast<double>(counted.correct) /
                        static_cast<double>(std::max<int64_t>(1, counted.images));
    table.AddRow({counted.name, FormatInteger(counted.images), FormatInteger(counted.correct),
                  counted.images > 0 ? absl::StrFormat("%.4f", top1) : "-"});
  }
  std::string text = absl::StrFormat(
      "%s\ntop-1 %.4f: %s of %s images; %.0f images/s on %d threads; pixels as \"%s\"\n",
      table.Text(), evaluation.top1, FormatInteger(evaluation.correct),
      FormatInteger(evaluation.images), evaluation.images_per_second, flags.threads,
      PixelScaleName(evaluation.pixel_scale));
  if (folder.other_files > 0) {
    absl::StrAppendFormat(&text, "%s files that are neither JPEG nor PNG were left out\n",
                          FormatInteger(folder.other_files));
  }
  return text;
}

absl::StatusOr<ExitCode> RunEval(const EvalFlags& flags) {
  BL_ASSIGN_OR_RETURN(const Model model, ReadModelFile(flags.model));
  BL_ASSIGN_OR_RETURN(ImageFolder folder, ListImageFolder(flags.folder));
  if (flags.limit) Thin(folder.images, *flags.limit);

  EvaluationOptions options;
  options.pixel_scale = flags.pixel_scale;
  options.threads = flags.threads;
  Evaluation evaluation;
  {
    Progress progress("images");
    options.progress = [&](int64_t done, int64_t total) { progress.Update(done, total); };
    BL_ASSIGN_OR_RETURN(evaluation, EvaluateTop1(model, folder, options));
  }
  BL_RETURN_IF_ERROR(WriteResults(flags.json ? JsonText(ToJson(flags, evaluation))
                                             : ToText(flags, folder, evaluation)));
  return ExitCode::kOk;
}

}  // namespace

void AddEvalCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("eval", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<EvalFlags>();
  command.add_option("MODEL", flags->model, "An int8 .tflite or .blm")->required()->type_name("");
  command.add_option("DIR", flags->folder, "Folder of class folders")->required()->type_name("");
  std::vector<Choice<PixelScale>> scales;
  for (const PixelScale scale : kPixelScales) scales.push_back({PixelScaleName(scale), scale});
  AddChoice(
      command, "--pixel-scale", flags->pixel_scale, scales,
      "What training made of a pixel: 0...255 (pixels), 0...1 (unit) or -1...1 (signed); auto "
      "asks the input's quantization");
  AddInteger(command, "--limit", flags->limit, 1, 10000000,
             "Only so many images, spread evenly over the folder");
  AddThreads(command, flags->threads);
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunEval(*flags); }; });
}

}  // namespace boardloop
