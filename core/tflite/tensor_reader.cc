#include "core/tflite/tensor_reader.h"

#include <cmath>

#include "core/base/status.h"
#include "core/tflite/errors.h"
#include "core/tflite/operator_names.h"
#include "core/tflite/tflite.h"

namespace boardloop::tflite {
namespace {

constexpr size_t kMaxRank = 8;
constexpr int64_t kMaxSmallConstant = 64;

// The values of a constant are stored with the least significant byte first.
template <typename T>
T LittleEndian(const uint8_t* bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= uint64_t{bytes[i]} << (8 * i);
  return static_cast<T>(value);
}

// The Verifier aligns vectors to their 4-byte length: their 8-byte elements may lie anywhere.
int64_t ZeroPoint(const fb::QuantizationParameters& quantization, size_t i) {
  return LittleEndian<int64_t>(quantization.zero_point()->Data() + i * sizeof(int64_t));
}

bool IsScale(float scale) { return std::isfinite(scale) && scale > 0; }

}  // namespace

absl::Status TensorReader::CheckType(int32_t tensor, fb::TensorType type) const {
  fb::TensorType found = file_.tensor(tensor).type();
  if (found == type) return absl::OkStatus();
  return Unsupported("%s is %s, must be %s", file_.Quoted(tensor), TypeName(found), TypeName(type));
}

absl::StatusOr<Extents> TensorReader::ReadExtents(int32_t tensor) const {
  const flatbuffers::Vector<int32_t>* shape = file_.tensor(tensor).shape();
  Extents extents;
  if (shape == nullptr) return extents;
  if (shape->size() > kMaxRank) {
    return Invalid("%s has %d dimensions, at most %d are supported", file_.Quoted(tensor),
                   shape->size(), kMaxRank);
  }
  int64_t elements = 1;
  for (int32_t extent : *shape) {
    if (extent < 1 || extent > kMaxDimension) {
      return Invalid("%s has a dimension of %d, must be in [1, %d]", file_.Quoted(tensor), extent,
                     kMaxDimension);
    }
    elements *= extent;  // Below 2^31 * 2^16.
    if (elements > kMaxElements) {
      return Invalid("%s has more than %d elements", file_.Quoted(tensor), kMaxElements);
    }
    extents.push_back(extent);
  }
  return extents;
}

absl::StatusOr<Quantization> TensorReader::ReadQuantization(int32_t tensor) const {
  const fb::QuantizationParameters* q = file_.tensor(tensor).quantization();
  if (q == nullptr || q->scale() == nullptr || q->zero_point() == nullptr) {
    return Invalid("%s has no scale and zero point", file_.Quoted(tensor));
  }
  if (q->details_type() != 0) {
    return Unsupported("%s has quantization scheme %d; only scale and zero point are supported",
                       file_.Quoted(tensor), q->details_type());
  }
  if (q->scale()->size() != 1 || q->zero_point()->size() != 1) {
    return Invalid("%s has %d scales and %d zero points, an activation has one of each",
                   file_.Quoted(tensor), q->scale()->size(), q->zero_point()->size());
  }
  float scale = q->scale()->Get(0);
  int64_t zero_point = ZeroPoint(*q, 0);
  if (!IsScale(scale)) {
    return Invalid("%s has scale %g, must be finite and above 0", file_.Quoted(tensor), scale);
  }
  if (zero_point < -128 || zero_point > 127) {
    return Invalid("%s has zero point %d, must be in [-128, 127]", file_.Quoted(tensor),
                   zero_point);
  }
  return Quantization{scale, static_cast<int32_t>(zero_point)};
}

absl::StatusOr<FilterScales> TensorReader::ReadFilterScales(int32_t tensor, int32_t channels,
                                                            int32_t channel_dimension) const {
  const fb::QuantizationParameters* q = file_.tensor(tensor).quantization();
  size_t count = q == nullptr || q->scale() == nullptr ? 0 : q->scale()->size();
  if (count != 1 && count != static_cast<size_t>(channels)) {
    return Invalid("filter %s has %d scales, must have 1 or one for each of %d output channels",
                   file_.Quoted(tensor), count, channels);
  }
  if (q->details_type() != 0) {
    return Unsupported("filter %s has quantization scheme %d", file_.Quoted(tensor),
                       q->details_type());
  }
  if (count > 1 && q->quantized_dimension() != channel_dimension) {
    return Invalid("filter %s has scales along dimension %d, must be %d", file_.Quoted(tensor),
                   q->quantized_dimension(), channel_dimension);
  }
  size_t zero_points = q->zero_point() == nullptr ? 0 : q->zero_point()->size();
  if (zero_points > 1 && zero_points != count) {
    return Invalid("filter %s has %d zero points and %d scales", file_.Quoted(tensor), zero_points,
                   count);
  }
  for (size_t i = 0; i < zero_points; ++i) {
    int64_t zero_point = ZeroPoint(*q, i);
    if (zero_point == 0) continue;
    return Invalid("filter %s has zero point %d in channel %d, must be 0", file_.Quoted(tensor),
                   zero_point, i);
  }
  FilterScales result;
  result.per_tensor = count == 1;
  for (int32_t c = 0; c < channels; ++c) {
    float scale = q->scale()->Get(result.per_tensor ? 0 : c);
    if (!IsScale(scale)) {
      return Invalid("filter %s has scale %g in channel %d, must be finite and above 0",
                     file_.Quoted(tensor), scale, c);
    }
    result.scales.push_back(scale);
  }
  return result;
}

absl::StatusOr<absl::Span<const uint8_t>> TensorReader::ConstantBytes(int32_t tensor,
                                                                      int64_t element_bytes,
                                                                      int64_t* elements) const {
  const fb::Tensor& raw = file_.tensor(tensor);
  if (raw.sparsity() != nullptr) {
    return Unsupported("%s is sparse; only dense tensors are supported", file_.Quoted(tensor));
  }
  BL_ASSIGN_OR_RETURN(Extents extents, ReadExtents(tensor));
  BL_ASSIGN_OR_RETURN(absl::Span<const uint8_t> bytes, file_.Data(tensor));
  if (bytes.empty()) {
    return Unsupported("%s is computed at run time; only a constant is supported",
                       file_.Quoted(tensor));
  }
  *elements = 1;
  for (int32_t extent : extents) *elements *= extent;
  if (static_cast<int64_t>(bytes.size()) != *elements * element_bytes) {
    return Invalid("%s has %d B of values, its shape %s needs %d", file_.Quoted(tensor),
                   bytes.size(), ToString(extents), *elements * element_bytes);
  }
  return bytes;
}

absl::Status TensorReader::Charge(int32_t tensor, int64_t bytes) {
  bytes_read_ += bytes;
  if (bytes_read_ <= kMaxTfliteBytes) return absl::OkStatus();
  return Invalid("the constants up to %s take %d B, at most %d are supported", file_.Quoted(tensor),
                 bytes_read_, kMaxTfliteBytes);
}

absl::StatusOr<std::vector<int8_t>> TensorReader::ReadInt8(int32_t tensor) {
  BL_RETURN_IF_ERROR(CheckType(tensor, fb::TensorType::INT8));
  int64_t elements = 0;
  BL_ASSIGN_OR_RETURN(absl::Span<const uint8_t> bytes, ConstantBytes(tensor, 1, &elements));
  BL_RETURN_IF_ERROR(Charge(tensor, elements));
  return std::vector<int8_t>(bytes.begin(), bytes.end());
}

absl::StatusOr<std::vector<int32_t>> TensorReader::ReadBias(int32_t tensor, int32_t channels) {
  BL_RETURN_IF_ERROR(Annotate(CheckType(tensor, fb::TensorType::INT32), "bias"));
  int64_t elements = 0;
  BL_ASSIGN_OR_RETURN(absl::Span<const uint8_t> bytes,
                      ConstantBytes(tensor, sizeof(int32_t), &elements));
  if (elements != channels) {
    return Invalid("bias %s has %d values, must have one for each of %d output channels",
                   file_.Quoted(tensor), elements, channels);
  }
  BL_RETURN_IF_ERROR(Charge(tensor, static_cast<int64_t>(bytes.size())));
  std::vector<int32_t> values;
  for (int64_t i = 0; i < elements; ++i) {
    values.push_back(LittleEndian<int32_t>(&bytes[i * sizeof(int32_t)]));
  }
  return values;
}

absl::StatusOr<std::vector<int64_t>> TensorReader::ReadSmallConstant(
    int32_t tensor, const std::string& needed_by) const {
  fb::TensorType type = file_.tensor(tensor).type();
  if (type != fb::TensorType::INT32 && type != fb::TensorType::INT64) {
    return Invalid("the %s %s is %s, must be INT32 or INT64", needed_by, file_.Quoted(tensor),
                   TypeName(type));
  }
  bool wide = type == fb::TensorType::INT64;
  int64_t elements = 0;
  absl::StatusOr<absl::Span<const uint8_t>> bytes =
      ConstantBytes(tensor, wide ? sizeof(int64_t) : sizeof(int32_t), &elements);
  if (!bytes.ok()) return Annotate(bytes.status(), needed_by);
  if (elements > kMaxSmallConstant) {
    return Invalid("the %s %s has %d values, at most %d make sense", needed_by,
                   file_.Quoted(tensor), elements, kMaxSmallConstant);
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < elements; ++i) {
    values.push_back(wide ? LittleEndian<int64_t>(&(*bytes)[i * sizeof(int64_t)])
                          : LittleEndian<int32_t>(&(*bytes)[i * sizeof(int32_t)]));
  }
  return values;
}

}  // namespace boardloop::tflite
