// Models as messages (proto/boardloop/v1/model.proto) and .blm files.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/model.pb.h"
#include "core/graph/model.h"

namespace boardloop {

inline constexpr int64_t kMaxModelBytes = int64_t{256} << 20;

// The message of a valid model. ModelFromProto gives the same model back.
v1::Model ModelToProto(const Model& model);

// Nothing in the message is trusted: indices, sizes and ranges are checked, shapes are inferred anew, and
// ValidateModel has the last word.
//
// INVALID_ARGUMENT  with what was found and what was needed
absl::StatusOr<Model> ModelFromProto(const v1::Model& proto);

// A .blm file: eight bytes "BLMODEL1", then the message. Equal models give equal bytes. `source` names the
// file in messages.
std::string SerializeModel(const Model& model);
absl::StatusOr<Model> ParseModel(const std::string& bytes, const std::string& source);

// Whether bytes begin as those of a .blm file.
bool LooksLikeModel(const std::string& bytes);

}  // namespace boardloop
