// Proto messages from YAML or JSON (which is YAML) that people write, by the rules of protobuf's JSON, and friendlier:
//
// - Fields by their proto or JSON names; unknown ones are refused with file, line and field.
// - Enums by name, or by what follows their prefix, in any case: `objective: pareto`.
// - Integers whose names end in `_bytes` also as sizes: `sram_bytes: 64K`.
// - A boardloop.v1.Space also as the name of a preset or the path of a space file.
//
// The document is read straight into the message, field by field, so that every error has its line; a way through JSON text
// would lose it.
#pragma once

#include "absl/status/status.h"
#include "core/board/yaml_reader.h"
#include "google/protobuf/message.h"

namespace boardloop {

// Lays the fields of `map` that `message` has over what `message` holds: messages are merged, lists replaced. The caller
// ends with map.Finish(), and may ask for fields of its own before.
//
// INVALID_ARGUMENT  "file:line: field problem"
absl::Status ReadFields(YamlMap& map, google::protobuf::Message* message);

}  // namespace boardloop
