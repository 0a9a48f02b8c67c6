// Names for messages: operators, tensor types, and names that a file gives.
#pragma once

#include <string>

#include "tflite_generated.h"

namespace boardloop::tflite {

// "CONV_2D", or "operator 170" for a code we have no name for.
std::string OperatorName(fb::BuiltinOperator code);

// "INT8", or "type 42".
std::string TypeName(fb::TensorType type);

// `name` as it may stand in a one-line message, a table or JSON: printable ASCII, at most
// kMaxNameLength characters. Names come from the file and may hold anything; a cleaned name stays
// as it is when it is cleaned again.
inline constexpr size_t kMaxNameLength = 512;
std::string CleanName(const flatbuffers::String* name);

}  // namespace boardloop::tflite
