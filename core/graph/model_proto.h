// Models as v1::Model messages (proto/boardloop/v1/model.proto), and as the bytes of .blm files.
//
// Invariants (tests/core/graph/model_proto_test.cc and tests/fuzz/model_fuzz.cc check them):
//   (1) ModelFromProto(ModelToProto(m)) is m, for every valid m that keeps the limits below and the
//       rule that fields an operator does not use have their defaults. Only names change: they are
//       cut to kMaxModelName characters, and what is not printable ASCII, or '"', becomes '_'.
//   (2) SerializeModel is a function of the model alone: equal models give equal bytes.
//   (3) What ParseModel returns is valid (ValidateModel); its errors are one line.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/model.pb.h"
#include "core/graph/model.h"

namespace boardloop {

inline constexpr char kModelExtension[] = ".blm";
inline constexpr int32_t kModelFormatVersion = 1;
inline constexpr int64_t kMaxModelBytes = int64_t{256} << 20;
inline constexpr size_t kMaxModelTensors = 65536;
inline constexpr size_t kMaxModelName = 512;  // Characters, also of tensors and operators.

// `model` must be valid.
v1::Model ModelToProto(const Model& model);

// INVALID_ARGUMENT  the message contradicts itself or model.proto; says which operator or tensor,
//                   what was found and what is needed
// UNIMPLEMENTED     another format version
absl::StatusOr<Model> ModelFromProto(const v1::Model& proto);

// The bytes of a .blm file: the message in protobuf's encoding, fields in ascending order. `model`
// must be valid. More than kMaxModelBytes cannot be read again.
std::string SerializeModel(const Model& model);

// As ModelFromProto, for bytes from outside; `source` names them in messages. Bounds what a file can
// make protobuf allocate before it parses.
absl::StatusOr<Model> ParseModel(const std::string& bytes, const std::string& source);

// As ParseModel, and the errors of ReadFile.
absl::StatusOr<Model> LoadModelFile(const std::string& path);

}  // namespace boardloop
