// What the tensors of a file hold: extents, quantization, constant values. Each reader checks
// everything about what it returns and names the tensor in its errors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/tflite/layout.h"
#include "core/tflite/tflite_file.h"

namespace boardloop::tflite {

struct FilterScales {
  std::vector<float> scales;  // One per output channel.
  bool per_tensor = false;
};

class TensorReader {
 public:
  // `file` is borrowed and must outlive the reader.
  explicit TensorReader(const TfliteFile& file) : file_(file) {}

  // UNIMPLEMENTED  another type than `type`
  absl::Status CheckType(int32_t tensor, fb::TensorType type) const;

  absl::StatusOr<Extents> ReadExtents(int32_t tensor) const;

  // Scale and zero point of an INT8 activation.
  absl::StatusOr<Quantization> ReadQuantization(int32_t tensor) const;

  // Scales of a symmetric INT8 filter, whose dimension `channel_dimension` counts its `channels`.
  absl::StatusOr<FilterScales> ReadFilterScales(int32_t tensor, int32_t channels,
                                                int32_t channel_dimension) const;

  // Values of an INT8 constant.
  absl::StatusOr<std::vector<int8_t>> ReadInt8(int32_t tensor);

  // Values of an INT32 bias.
  absl::StatusOr<std::vector<int32_t>> ReadBias(int32_t tensor, int32_t channels);

  // Values of a small constant, INT32 or INT64: axes, shapes, paddings. `needed_by` says what needs
  // them, for messages.
  absl::StatusOr<std::vector<int64_t>> ReadSmallConstant(int32_t tensor,
                                                         const std::string& needed_by) const;

 private:
  absl::StatusOr<absl::Span<const uint8_t>> ConstantBytes(int32_t tensor, int64_t element_bytes,
                                                          int64_t* elements) const;
  // Several tensors may share one buffer, and each is copied: without a limit a small file could
  // ask for any amount of memory.
  absl::Status Charge(int32_t tensor, int64_t bytes);

  const TfliteFile& file_;
  int64_t bytes_read_ = 0;
};

}  // namespace boardloop::tflite
