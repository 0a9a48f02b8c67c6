// Any bytes as a WAV file, and its spectrogram.
#include <cstddef>
#include <cstdint>
#include <string>

#include "glog/logging.h"
#include "worker/data/dataset.h"
#include "worker/data/log_mel.h"
#include "worker/data/wav.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace boardloop;
  static const LogMel* const features = [] {
    v1::DatasetSpec spec;
    spec.set_kind(v1::DatasetSpec::WAV_FOLDER);
    spec.set_path("fuzz");
    spec.set_resolution(16);
    return new LogMel(CompleteSpec(spec)->audio(), 16);
  }();
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::vector<float>> samples = DecodeWav(bytes, 16000, features->samples());
  if (!samples.ok()) return 0;
  CHECK_LE(static_cast<int64_t>(samples->size()), features->samples());
  CHECK_EQ(features->Compute(*samples).pixels.size(), 256u);
  return 0;
}
