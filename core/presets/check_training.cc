#include "core/presets/check_training.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/field_check.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr double kMostEpochs = 10000;

absl::Status CheckAugmentation(const v1::Augmentation& augmentation, const std::string& path) {
  FieldCheck check(path);
  check.Range("crop_padding", augmentation.crop_padding(), 0, 64);
  check.Range("brightness", augmentation.brightness(), 0, 0.99);
  check.Range("saturation", augmentation.saturation(), 0, 1);
  check.Range("cutout", augmentation.cutout(), 0, 1024);
  check.Range("mixup_alpha", augmentation.mixup_alpha(), 0, 100);
  return check.status();
}

void CheckBatches(const v1::TrainingSpec& training, FieldCheck& check) {
  check.Range("batch_size", training.batch_size(), 1, 65536);
  const int32_t micro = training.micro_batch_size();
  check.RangeOrZero("micro_batch_size", micro, 1, training.batch_size());
  check.Require(micro <= 0 || training.batch_size() % micro == 0, "batch_size",
                absl::StrFormat("is %d, must be a multiple of micro_batch_size %d",
                                training.batch_size(), micro));
}

}  // namespace

absl::Status CheckTraining(const v1::TrainingSpec& training, const std::string& path) {
  FieldCheck check(path);
  check.Above("epochs", training.epochs(), 0, kMostEpochs);
  CheckBatches(training, check);
  check.Range("random_subnets", training.random_subnets(), 0, 16);
  check.Range("peak_rate", training.peak_rate(), 0, 100);
  check.Range("warmup_epochs", training.warmup_epochs(), 0, training.epochs());
  check.Range("momentum", training.momentum(), 0, 0.9999);
  check.Range("weight_decay", training.weight_decay(), 0, 1);
  check.Range("label_smoothing", training.label_smoothing(), 0, 0.9);
  check.Range("ema_decay", training.ema_decay(), 0, 0.999999);
  BL_RETURN_IF_ERROR(check.status());
  return CheckAugmentation(training.augmentation(),
                           absl::StrCat(path, path.empty() ? "" : ".", "augmentation"));
}

absl::StatusOr<v1::AudioFeatures> CompleteAudio(v1::AudioFeatures audio, const std::string& path) {
  if (audio.sample_rate_hz() == 0) audio.set_sample_rate_hz(16000);
  if (audio.duration_ms() == 0) audio.set_duration_ms(1000);
  if (audio.window_ms() == 0) audio.set_window_ms(30);
  if (audio.low_hz() == 0) audio.set_low_hz(20);
  if (audio.high_hz() == 0) audio.set_high_hz(0.475 * audio.sample_rate_hz());
  if (audio.range_db() == 0) audio.set_range_db(80);
  FieldCheck check(path);
  check.Range("sample_rate_hz", audio.sample_rate_hz(), 4000, 48000);
  check.Range("duration_ms", audio.duration_ms(), 100, 10000);
  check.Range("window_ms", audio.window_ms(), 5, 200);
  check.Range("range_db", audio.range_db(), 20, 160);
  check.Range("low_hz", audio.low_hz(), 0, audio.high_hz() - 1);
  check.Range("high_hz", audio.high_hz(), 1, audio.sample_rate_hz() / 2.0);
  BL_RETURN_IF_ERROR(check.status());
  return audio;
}

}  // namespace boardloop
