// Log-mel spectrograms as images of bytes.
#pragma once

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "boardloop/v1/dataset.pb.h"
#include "core/data/image.h"

namespace boardloop {

// Turns recordings into images of `resolution` frames (rows) by `resolution` mel bands (columns). A band's level is in
// dB relative to a sine of full scale in its middle; bands are triangles on the mel scale 2595 log10(1 + f /
// 700) (O'Shaughnessy 1987). Thread-safe.
class LogMel {
 public:
  // `audio` is complete (CompleteSpec).
  LogMel(const v1::AudioFeatures& audio, int32_t resolution);
  ~LogMel();
  LogMel(const LogMel&) = delete;
  LogMel& operator=(const LogMel&) = delete;

  int64_t samples() const { return samples_; }  // Of a recording; it is cut or padded to so many.
  Image Compute(absl::Span<const float> recording) const;

 private:
  struct Band {
    int64_t first_bin = 0;
    std::vector<float> weights;
  };
  struct Fft;

  int32_t resolution_;
  int64_t samples_ = 0, window_samples_ = 0, fft_size_ = 0;
  double full_scale_power_ = 0;
  double range_db_;
  std::vector<float> window_;
  std::vector<Band> bands_;
  std::unique_ptr<const Fft> fft_;
};

}  // namespace boardloop
