// Names of a program's steps, made to fit beside a bar.
#pragma once

#include <string>

namespace boardloop::report {

// At most `length` (3 or more) bytes. A projection fused with the ADD of its shortcut names the block once:
// "s0b1.project + s0b1.add" -> "s0b1.project+add". Of what is still too long the end is kept, which
// says more than the beginning.
std::string ShortStepName(const std::string& name, size_t length);

}  // namespace boardloop::report
