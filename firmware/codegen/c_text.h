// Pieces of generated C text.
#pragma once

#include <cstdint>
#include <string>

#include "firmware/codegen/engine_program.h"

namespace boardloop {

// `text` for a place inside a C comment: printable ASCII that cannot end the comment or start
// another. Names of networks and operators are chosen by others.
std::string CommentText(const std::string& text);

// The decimal literal of an int32_t. A larger value below 2^32 becomes the int32_t of the same
// bits.
std::string Int32Literal(int64_t value);

// "bl_model" -> "BL_MODEL"
std::string UpperCase(const std::string& text);

}  // namespace boardloop
