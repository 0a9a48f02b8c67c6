#include "device-agent/build/linker_script.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

std::string Memory(const std::string& name, const std::string& access, const AddressRange& range) {
  return absl::StrFormat("  %s (%s) : ORIGIN = 0x%08X, LENGTH = %d\n", name, access, range.begin,
                         range.bytes());
}

std::string Memories(const MemoryLayout& layout) {
  std::string text = "MEMORY {\n";
  absl::StrAppend(&text, Memory(kFlashMemory, "rx", layout.flash));
  absl::StrAppend(&text, Memory(kDataMemory, "rw", layout.data));
  for (size_t i = 0; i < layout.arenas.size(); ++i) {
    absl::StrAppend(&text, Memory(absl::StrCat("arena", i), "rw", layout.arenas[i].used));
  }
  absl::StrAppend(&text, "}\n\n");
  return text;
}

// The mailbox stands alone in its cache lines, right behind the stack unless there is initialized
// data.
constexpr char kProgramSections[] = R"(ENTRY(bl_vectors)

SECTIONS {
  .vectors : { KEEP(*(.bl_vectors)) } > flash
  .text : { *(.text .text.*) } > flash
  .rodata : ALIGN(4) { *(.rodata .rodata.*) . = ALIGN(4); } > flash
  .data : ALIGN(8) {
    bl_data_begin = .;
    *(.data .data.*)
    . = ALIGN(4);
    bl_data_end = .;
  } > data AT > flash
  bl_data_load = LOADADDR(.data);
  .bss (NOLOAD) : ALIGN(32) {
    bl_bss_begin = .;
    *(.bl_mailbox)
    . = ALIGN(32);
    *(.bss .bss.* COMMON)
    . = ALIGN(8);
    bl_bss_end = .;
  } > data
  bl_free_0_begin = bl_bss_end;
  bl_free_0_end = ORIGIN(data) + LENGTH(data);
  PROVIDE(bl_resident_table = bl_free_0_begin);
)";

std::string FreeRanges(const MemoryLayout& layout) {
  std::string text;
  int index = 1;
  for (const MemoryLayout::Arena& arena : layout.arenas) {
    if (arena.with_data) continue;
    absl::StrAppendFormat(&text, "  bl_free_%d_begin = 0x%08X;\n  bl_free_%d_end = 0x%08X;\n",
                          index, arena.free.begin, index, arena.free.end);
    ++index;
  }
  return text;
}

}  // namespace

int FreeRangeCount(const MemoryLayout& layout) {
  int count = 1;
  for (const MemoryLayout::Arena& arena : layout.arenas) count += arena.with_data ? 0 : 1;
  return count;
}

std::string LinkerScript(const MemoryLayout& layout) {
  std::string text = Memories(layout);
  absl::StrAppend(&text, kProgramSections);
  absl::StrAppendFormat(&text, "  bl_stack_begin = 0x%08X;\n  bl_stack_end = 0x%08X;\n",
                        layout.stack.begin, layout.stack.end);
  absl::StrAppend(&text, FreeRanges(layout));
  for (size_t i = 0; i < layout.arenas.size(); ++i) {
    absl::StrAppendFormat(&text, "  .arena%d (NOLOAD) : { *(.bl_arena.%d) } > arena%d\n", i, i, i);
  }
  // Tables to unwind the stack, which nothing does, and the compiler's name.
  absl::StrAppend(&text, "  /DISCARD/ : { *(.ARM.exidx* .ARM.extab* .comment) }\n}\n");
  return text;
}

}  // namespace boardloop
