#include "worker/torch/device_data.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/random.h"

namespace boardloop {
namespace {

// What is drawn for one image.
struct Variation {
  int64_t shift_y = 0, shift_x = 0;
  bool flip = false;
  float brightness = 1, saturation = 1;
  int64_t cutout_y = 0, cutout_x = 0;  // The centre.
};

Variation Draw(const v1::Augmentation& augmentation, int64_t height, int64_t width,
               Random& random) {
  Variation drawn;
  const int64_t padding = augmentation.crop_padding();
  drawn.shift_y = random.Between(-padding, padding);
  drawn.shift_x = random.Between(-padding, padding);
  drawn.flip = augmentation.horizontal_flip() && random.Chance(0.5);
  const auto factor = [&](double range) {
    return static_cast<float>(1 + range * (2 * random.Unit() - 1));
  };
  drawn.brightness = factor(augmentation.brightness());
  drawn.saturation = factor(augmentation.saturation());
  drawn.cutout_y = random.Between(0, height - 1);
  drawn.cutout_x = random.Between(0, width - 1);
  return drawn;
}

// A Gamma(shape, 1) variate after Marsaglia and Tsang 2000, for shapes below 1 too.
double Gamma(double shape, Random& random) {
  if (shape < 1) return Gamma(shape + 1, random) * std::pow(1 - random.Unit(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double radius = std::sqrt(-2 * std::log(1 - random.Unit()));
    const double x = radius * std::cos(2 * M_PI * random.Unit());
    const double v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - random.Unit()) < x * x / 2 + d - d * v + d * std::log(v)) {
      return d * v;
    }
  }
}

double Beta(double alpha, Random& random) {
  const double a = Gamma(alpha, random), b = Gamma(alpha, random);
  return a / (a + b);
}

// For each image the source row (or column) of each of `extent` target rows: shifted, perhaps mirrored,
// and counted from 1, so that 0 is the black border around the image.
at::Tensor SourceIndices(const std::vector<Variation>& variations, int64_t extent, bool columns) {
  at::Tensor indices = at::empty({static_cast<int64_t>(variations.size()), extent}, at::kLong);
  int64_t* out = indices.data_ptr<int64_t>();
  for (const Variation& drawn : variations) {
    const int64_t shift = columns ? drawn.shift_x : drawn.shift_y;
    for (int64_t i = 0; i < extent; ++i) {
      const int64_t from = (columns && drawn.flip ? extent - 1 - i : i) + shift;
      *out++ = from < 0 || from >= extent ? 0 : from + 1;
    }
  }
  return indices;
}

// [n][extent] whether a row (or column) lies in the image's cut-out square.
at::Tensor CutoutRows(const std::vector<Variation>& variations, int64_t extent, int64_t side,
                      bool columns) {
  at::Tensor inside = at::empty({static_cast<int64_t>(variations.size()), extent}, at::kBool);
  bool* out = inside.data_ptr<bool>();
  for (const Variation& drawn : variations) {
    const int64_t first = (columns ? drawn.cutout_x : drawn.cutout_y) - side / 2;
    for (int64_t i = 0; i < extent; ++i) *out++ = i >= first && i < first + side;
  }
  return inside;
}

// [n][1][1][1] of one number of each variation.
at::Tensor Factors(const std::vector<Variation>& variations, float Variation::*factor) {
  std::vector<float> values;
  for (const Variation& drawn : variations) values.push_back(drawn.*factor);
  return at::tensor(values).view({-1, 1, 1, 1});
}

// pixels [n][height][width][c] uint8
at::Tensor ShiftAndFlip(const at::Tensor& pixels, const std::vector<Variation>& variations) {
  const int64_t n = pixels.size(0);
  const at::Tensor padded = at::constant_pad_nd(pixels, {0, 0, 1, 1, 1, 1});
  const at::Device device = pixels.device();
  const at::Tensor rows = SourceIndices(variations, pixels.size(1), false).to(device);
  const at::Tensor columns = SourceIndices(variations, pixels.size(2), true).to(device);
  const at::Tensor images = at::arange(n, rows.options()).view({n, 1, 1});
  return padded.index({images, rows.unsqueeze(2), columns.unsqueeze(1)});
}

// images [n][c][height][width] in [0, 1]
at::Tensor VaryColours(at::Tensor images, const std::vector<Variation>& variations,
                       const v1::Augmentation& augmentation) {
  if (augmentation.brightness() > 0) {
    images = images * Factors(variations, &Variation::brightness).to(images.device());
  }
  if (augmentation.saturation() > 0 && images.size(1) == 3) {
    const at::Tensor factor = Factors(variations, &Variation::saturation).to(images.device());
    const at::Tensor grey = images.mean({1}, /*keepdim=*/true);
    images = grey + (images - grey) * factor;
  }
  return images.clamp(0, 1);
}

}  // namespace

DeviceData::DeviceData(const Dataset& dataset, const at::Device& device)
    : classes_(static_cast<int64_t>(dataset.classes.size())), device_(device) {
  const Shape& shape = dataset.shape;
  pixels_ = at::empty({dataset.size(), shape.height, shape.width, shape.channels}, at::kByte);
  std::copy(dataset.pixels.begin(), dataset.pixels.end(), pixels_.data_ptr<uint8_t>());
  labels_ = at::empty({dataset.size()}, at::kLong);
  std::copy(dataset.labels.begin(), dataset.labels.end(), labels_.data_ptr<int64_t>());
  pixels_ = pixels_.to(device);
  labels_ = labels_.to(device);
}

Shape DeviceData::shape() const {
  return {static_cast<int32_t>(pixels_.size(1)), static_cast<int32_t>(pixels_.size(2)),
          static_cast<int32_t>(pixels_.size(3))};
}

absl::Status CheckFits(const Graph& graph, const DeviceData& data) {
  const Shape& input = graph.shape(graph.input);
  if (input != data.shape()) {
    return absl::InvalidArgumentError(absl::StrCat("the network's input is ", input.ToString(),
                                                   ", the data set's images are ",
                                                   data.shape().ToString()));
  }
  const int64_t classes = graph.shape(graph.outputs[0]).channels;
  if (classes == data.classes()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the network has ", classes, " classes, the data set has ", data.classes()));
}

at::Tensor DeviceData::ToImages(const at::Tensor& pixels) const {
  return pixels.to(at::kFloat).mul_(kInputScale).permute({0, 3, 1, 2});
}

DeviceData::Batch DeviceData::Range(int64_t first, int64_t count) const {
  Batch batch;
  batch.images = ToImages(pixels_.narrow(0, first, count));
  batch.labels = labels_.narrow(0, first, count);
  return batch;
}

DeviceData::Batch DeviceData::At(absl::Span<const int64_t> indices) const {
  const at::Tensor index =
      at::tensor(at::ArrayRef<int64_t>(indices.data(), indices.size())).to(labels_.device());
  Batch batch;
  batch.images = ToImages(pixels_.index_select(0, index));
  batch.labels = labels_.index_select(0, index);
  return batch;
}

DeviceData::Batch DeviceData::Augmented(absl::Span<const int64_t> indices,
                                        const v1::Augmentation& augmentation, uint64_t seed) const {
  Random random(seed);
  std::vector<Variation> variations;
  for (size_t i = 0; i < indices.size(); ++i) {
    variations.push_back(Draw(augmentation, pixels_.size(1), pixels_.size(2), random));
  }
  const at::Tensor index =
      at::tensor(at::ArrayRef<int64_t>(indices.data(), indices.size())).to(labels_.device());
  at::Tensor pixels = pixels_.index_select(0, index);
  if (augmentation.crop_padding() > 0 || augmentation.horizontal_flip()) {
    pixels = ShiftAndFlip(pixels, variations);
  }
  Batch batch;
  batch.images = ToImages(pixels);
  batch.labels = labels_.index_select(0, index);
  if (augmentation.brightness() > 0 || augmentation.saturation() > 0) {
    batch.images = VaryColours(batch.images, variations, augmentation);
  }
  if (augmentation.cutout() > 0) {
    const at::Device device = pixels_.device();
    const int64_t side = augmentation.cutout();
    const at::Tensor rows = CutoutRows(variations, pixels_.size(1), side, false).to(device);
    const at::Tensor columns = CutoutRows(variations, pixels_.size(2), side, true).to(device);
    const at::Tensor inside = rows.unsqueeze(2).logical_and(columns.unsqueeze(1));
    batch.images = batch.images.masked_fill(inside.unsqueeze(1), 0);
  }
  if (augmentation.mixup_alpha() > 0) {
    batch.mixup_share = Beta(augmentation.mixup_alpha(), random);
    batch.other_labels = batch.labels.flip(0);
    batch.images =
        batch.images * batch.mixup_share + batch.images.flip(0) * (1 - batch.mixup_share);
  }
  batch.images = batch.images.contiguous(at::MemoryFormat::ChannelsLast);
  return batch;
}

BatchOrder::BatchOrder(int64_t samples, int64_t batch_size, uint64_t seed)
    : samples_(samples),
      batch_size_(batch_size),
      steps_per_epoch_(samples / batch_size),
      seed_(seed) {}

absl::Span<const int64_t> BatchOrder::Batch(int64_t step) {
  const int64_t epoch = step / steps_per_epoch_;
  if (epoch != epoch_) {
    order_.resize(samples_);
    std::iota(order_.begin(), order_.end(), 0);
    Random random = Random::ForItem(seed_, static_cast<uint64_t>(epoch));
    for (int64_t i = samples_ - 1; i > 0; --i) {
      std::swap(order_[i], order_[random.Below(static_cast<uint64_t>(i) + 1)]);
    }
    epoch_ = epoch;
  }
  return absl::MakeConstSpan(order_).subspan(step % steps_per_epoch_ * batch_size_, batch_size_);
}

}  // namespace boardloop
