#include "core/data/evaluate.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <limits>
#include <mutex>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/files.h"
#include "core/base/parallel.h"
#include "core/base/status.h"
#include "core/data/image.h"
#include "core/quant/interpreter.h"

namespace boardloop {
namespace {

struct Range {
  double low, high;
};

Range RangeOf(PixelScale scale) {
  if (scale == PixelScale::kPixels) return {0, 255};
  if (scale == PixelScale::kUnit) return {0, 1};
  return {-1, 1};
}

// One pass over the folder by several threads: each has an interpreter and takes the next image.
// Results go into slots of their own, by image and by thread.
class Pass {
 public:
  Pass(const Model& model, const ImageFolder& folder, PixelScale scale,
       const EvaluationOptions& options)
      : model_(model),
        folder_(folder),
        options_(options),
        threads_(std::max(1, options.threads)),
        table_(QuantizePixels(scale, model.quantization[model.graph.input])),
        guesses_(folder.images.size()),
        failures_(threads_) {}

  // The class that the model names for each image.
  absl::StatusOr<std::vector<int32_t>> Run() {
    ParallelFor(threads_, threads_, [this](int64_t thread) { failures_[thread] = Work(); });
    const auto first =
        std::min_element(failures_.begin(), failures_.end(),
                         [](const Failure& a, const Failure& b) { return a.image < b.image; });
    BL_RETURN_IF_ERROR(first->status);
    return std::move(guesses_);
  }

 private:
  struct Failure {
    int64_t image = std::numeric_limits<int64_t>::max();  // Stays there when all went well.
    absl::Status status;
  };

  // Returns the error that ended this thread's work, if any. Images are handed out in order and
  // those taken are finished, so that the first image with an error does not depend on timing.
  Failure Work() {
    absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model_);
    if (!interpreter.ok()) return Stop(-1, interpreter.status());
    const auto total = static_cast<int64_t>(folder_.images.size());
    while (!stopped_) {
      const int64_t i = next_++;
      if (i >= total) break;
      const std::string& path = folder_.images[i].path;
      absl::StatusOr<int32_t> guess = Classify(*interpreter, path);
      if (!guess.ok()) return Stop(i, Annotate(guess.status(), path));
      guesses_[i] = *guess;
      ReportProgress();
    }
    return {};
  }

  Failure Stop(int64_t image, const absl::Status& status) {
    stopped_ = true;
    return {image, status};
  }

  absl::StatusOr<int32_t> Classify(Interpreter& interpreter, const std::string& path) const {
    BL_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kMaxImageBytes));
    BL_ASSIGN_OR_RETURN(Image image, DecodeImage(bytes));
    const Shape& shape = model_.graph.shape(model_.graph.input);
    if (Shape{image.height, image.width, image.channels} != shape) {
      return absl::InvalidArgumentError(absl::StrFormat("the image is %s, the model takes %s",
                                                        image.ShapeString(), shape.ToString()));
    }
    std::vector<int8_t> input(image.pixels.size());
    std::transform(image.pixels.begin(), image.pixels.end(), input.begin(),
                   [this](uint8_t pixel) { return table_[pixel]; });
    BL_RETURN_IF_ERROR(interpreter.Run(input));
    absl::Span<const int8_t> scores = interpreter.Output();
    return static_cast<int32_t>(
        std::distance(scores.begin(), std::max_element(scores.begin(), scores.end())));
  }

  void ReportProgress() {
    if (!options_.progress) return;
    std::lock_guard<std::mutex> lock(progress_mutex_);
    options_.progress(++done_, static_cast<int64_t>(folder_.images.size()));
  }

  const Model& model_;
  const ImageFolder& folder_;
  const EvaluationOptions& options_;
  const int threads_;
  const std::array<int8_t, 256> table_;
  std::vector<int32_t> guesses_;   // By image.
  std::vector<Failure> failures_;  // By thread.
  std::atomic<int64_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::mutex progress_mutex_;  // Held while `progress` runs.
  int64_t done_ = 0;           // Guarded by progress_mutex_.
};

absl::Status CheckClasses(const Model& model, const ImageFolder& folder) {
  const int64_t outputs = model.graph.shape(model.graph.outputs[0]).elements();
  const auto classes = static_cast<int64_t>(folder.classes.size());
  if (folder.images.empty()) return absl::InvalidArgumentError("the folder has no images");
  if (outputs == classes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "the model has %d outputs, the folder %d classes; they must agree", outputs, classes));
}

}  // namespace

const char* PixelScaleName(PixelScale scale) {
  switch (scale) {
    case PixelScale::kAuto:
      return "auto";
    case PixelScale::kPixels:
      return "pixels";
    case PixelScale::kUnit:
      return "unit";
    case PixelScale::kSigned:
      return "signed";
  }
  return "unknown";
}

absl::StatusOr<PixelScale> ResolvePixelScale(const Quantization& input) {
  const double low = input.scale * (-128.0 - input.zero_point);
  const double high = input.scale * (127.0 - input.zero_point);
  for (PixelScale scale : {PixelScale::kPixels, PixelScale::kUnit, PixelScale::kSigned}) {
    const Range range = RangeOf(scale);
    const double slack = 0.05 * (range.high - range.low);
    if (std::abs(low - range.low) <= slack && std::abs(high - range.high) <= slack) return scale;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "the model's input covers [%g, %g], which is none of pixels [0, 255], unit [0, 1], signed "
      "[-1, 1]: say which normalization it was trained with",
      low, high));
}

std::array<int8_t, 256> QuantizePixels(PixelScale scale, const Quantization& input) {
  const Range range = RangeOf(scale);
  std::array<int8_t, 256> table;
  for (int pixel = 0; pixel < 256; ++pixel) {
    const double real = range.low + (range.high - range.low) * pixel / 255;
    const double q = std::round(real / input.scale) + input.zero_point;
    table[pixel] = static_cast<int8_t>(std::clamp(q, -128.0, 127.0));
  }
  return table;
}

absl::StatusOr<Evaluation> EvaluateTop1(const Model& model, const ImageFolder& folder,
                                        const EvaluationOptions& options) {
  BL_RETURN_IF_ERROR(ValidateModel(model));
  BL_RETURN_IF_ERROR(CheckClasses(model, folder));
  Evaluation result;
  result.pixel_scale = options.pixel_scale;
  if (result.pixel_scale == PixelScale::kAuto) {
    BL_ASSIGN_OR_RETURN(result.pixel_scale,
                        ResolvePixelScale(model.quantization[model.graph.input]));
  }
  const absl::Time start = absl::Now();
  BL_ASSIGN_OR_RETURN(std::vector<int32_t> guesses,
                      Pass(model, folder, result.pixel_scale, options).Run());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);

  for (const std::string& name : folder.classes) result.classes.push_back({name, 0, 0});
  for (size_t i = 0; i < guesses.size(); ++i) {
    const int32_t label = folder.images[i].label;
    const int64_t correct = guesses[i] == label ? 1 : 0;
    ++result.classes[label].images;
    result.classes[label].correct += correct;
    result.correct += correct;
  }
  result.images = static_cast<int64_t>(folder.images.size());
  result.top1 = static_cast<double>(result.correct) / static_cast<double>(result.images);
  result.images_per_second = static_cast<double>(result.images) / std::max(seconds, 1e-9);
  return result;
}

}  // namespace boardloop
