// The linker script of an image.
//
// Flash: vectors and code, constants, initial values of data. RAM as memory_layout.h says. Symbols
// that firmware/runner/image.h declares; for each range of free RAM bl_free_<i>_begin and _end;
// and, for an image that asks for it, bl_resident_table (resident_image.h).
#pragma once

#include <string>

#include "device-agent/build/memory_layout.h"

namespace boardloop {

// Names of the linker's memories, which its messages mention.
inline constexpr char kFlashMemory[] = "flash";
inline constexpr char kDataMemory[] = "data";

std::string LinkerScript(const MemoryLayout& layout);

// How many ranges of free RAM have symbols: range 0 lies behind the data, the others in front of
// arenas.
int FreeRangeCount(const MemoryLayout& layout);

}  // namespace boardloop
