#include "worker/data/log_mel.h"

#include <kissfft/kiss_fftr.h>

#include <algorithm>
#include <cmath>

namespace boardloop {
namespace {

double ToMel(double hz) { return 2595 * std::log10(1 + hz / 700); }
double ToHz(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

}  // namespace

struct LogMel::Fft {
  explicit Fft(int64_t size)
      : config(kiss_fftr_alloc(static_cast<int>(size), 0, nullptr, nullptr)) {}
  ~Fft() { kiss_fftr_free(config); }
  Fft(const Fft&) = delete;
  Fft& operator=(const Fft&) = delete;
  kiss_fftr_cfg config;
};

LogMel::LogMel(const v1::AudioFeatures& audio, int32_t resolution)
    : resolution_(resolution), range_db_(audio.range_db()) {
  const int64_t rate = audio.sample_rate_hz();
  samples_ = std::max<int64_t>(1, rate * audio.duration_ms() / 1000);
  window_samples_ = std::clamp<int64_t>(rate * audio.window_ms() / 1000, 1, samples_);
  // At least twice the window: low bands are narrower than the bins of the window itself.
  for (fft_size_ = 64; fft_size_ < 2 * window_samples_;) fft_size_ *= 2;
  fft_ = std::make_unique<const Fft>(fft_size_);
  double sum = 0;
  for (int64_t i = 0; i < window_samples_; ++i) {
    window_.push_back(static_cast<float>(
        0.5 - 0.5 * std::cos(2 * M_PI * (static_cast<double>(i) + 0.5) / window_samples_)));
    sum += window_.back();
  }
  full_scale_power_ = sum * sum / 4;  // The bin of a sine of amplitude 1.

  const double low = ToMel(audio.low_hz()), high = ToMel(audio.high_hz());
  const double bin_hz = static_cast<double>(rate) / static_cast<double>(fft_size_);
  for (int32_t b = 0; b < resolution; ++b) {
    const double step = (high - low) / (resolution + 1);
    const double begin = ToHz(low + b * step), middle = ToHz(low + (b + 1) * step);
    const double end = ToHz(low + (b + 2) * step);
    Band band;
    band.first_bin = static_cast<int64_t>(std::ceil(begin / bin_hz));
    for (int64_t bin = band.first_bin; bin * bin_hz < end; ++bin) {
      const double hz = bin * bin_hz;
      band.weights.push_back(static_cast<float>(hz < middle ? (hz - begin) / (middle - begin)
                                                            : (end - hz) / (end - middle)));
    }
    if (band.weights.empty()) {  // Between two bins.
      band.first_bin = std::llround(middle / bin_hz);
      band.weights = {1};
    }
    bands_.push_back(std::move(band));
  }
}

LogMel::~LogMel() = default;

Image LogMel::Compute(absl::Span<const float> recording) const {
  std::vector<float> frame(fft_size_);
  std::vector<kiss_fft_cpx> spectrum(fft_size_ / 2 + 1);
  Image image;
  image.height = image.width = resolution_;
  image.channels = 1;
  const auto length = static_cast<int64_t>(std::min<size_t>(recording.size(), samples_));
  for (int32_t row = 0; row < resolution_; ++row) {
    const int64_t begin =
        resolution_ == 1 ? 0 : row * (samples_ - window_samples_) / (resolution_ - 1);
    std::fill(frame.begin(), frame.end(), 0.0f);
    for (int64_t i = 0; i < window_samples_ && begin + i < length; ++i) {
      frame[i] = window_[i] * recording[begin + i];
    }
    kiss_fftr(fft_->config, frame.data(), spectrum.data());
    for (const Band& band : bands_) {
      double power = 0;
      for (size_t i = 0; i < band.weights.size(); ++i) {
        const auto bin = std::min<size_t>(band.first_bin + i, spectrum.size() - 1);
        power += band.weights[i] * (double{spectrum[bin].r} * spectrum[bin].r +
                                    double{spectrum[bin].i} * spectrum[bin].i);
      }
      const double db = 10 * std::log10(power / full_scale_power_ + 1e-30);
      image.pixels.push_back(
          static_cast<uint8_t>(std::lround(255 * std::clamp(1 + db / range_db_, 0.0, 1.0))));
    }
  }
  return image;
}

}  // namespace boardloop
