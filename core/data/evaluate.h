// Counts how often an int8 model names the right class of an image.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/data/image_folder.h"
#include "core/graph/model.h"

namespace boardloop {

// The real number that a model's training gave to a pixel of 0 ... 255.
enum class PixelScale {
  kAuto,    // The one below whose range the input's quantization covers.
  kPixels,  // 0 ... 255
  kUnit,    // 0 ... 1
  kSigned,  // -1 ... 1
};
const char* PixelScaleName(PixelScale scale);  // "auto", "pixels", "unit", "signed"

// What kAuto stands for with this input: the range [scale * (-128 - zp), scale * (127 - zp)] must
// have both ends within 5 % of the span of one of the three (for example scale 1, zp -128: kPixels;
// 1/255, -128: kUnit; 2/255, 0: kSigned).
//
// INVALID_ARGUMENT  none fits, as after normalization by mean and deviation; the message has the range
absl::StatusOr<PixelScale> ResolvePixelScale(const Quantization& input);

// int8 by pixel: clamp(round(real / scale) + zero_point). `scale` is not kAuto.
std::array<int8_t, 256> QuantizePixels(PixelScale scale, const Quantization& input);

struct EvaluationOptions {
  PixelScale pixel_scale = PixelScale::kAuto;
  int threads = 1;
  // Called after each image with the number done and of all, one call at a time. May be empty.
  std::function<void(int64_t done, int64_t total)> progress;
};

struct ClassCount {
  std::string name;
  int64_t images = 0;
  int64_t correct = 0;
};

struct Evaluation {
  int64_t images = 0;
  int64_t correct = 0;
  double top1 = 0;                             // correct / images
  std::vector<ClassCount> classes;             // In the order of the model's outputs.
  PixelScale pixel_scale = PixelScale::kAuto;  // The one used.
  double images_per_second = 0;                // With decoding.
};

// Runs `model` on every image of `folder`. Its first output has one value per class, in the order
// of `folder.classes`; of equal largest values the first counts. Images are not resized or
// converted.
//
// INVALID_ARGUMENT  number of classes, an image's size or channels differ from the model's, a broken
//                   image (named); of several, the first in the folder's order
// Other codes as ReadFile and Interpreter::Create.
absl::StatusOr<Evaluation> EvaluateTop1(const Model& model, const ImageFolder& folder,
                                        const EvaluationOptions& options);

}  // namespace boardloop
