// C sources of a program: one header, one source, and the constants as one binary file that an
// assembler source includes.
#pragma once

#include <string>

#include "firmware/codegen/engine_program.h"

namespace boardloop {

struct EmitOptions {
  // Of every global symbol and file name; a C identifier. Not "bl_network", which is a type.
  std::string prefix = "bl_model";
  // The arena's arrays are in sections of their own, which a linker script places; else in .bss.
  bool arena_sections = true;
};

// Files: <prefix>.h, <prefix>.c, <prefix>_constants.bin, <prefix>_constants.S (.incbin).
//
// The source defines `const bl_network <prefix>` and the arena: one array for each region,
// `<prefix>_arena<region>`, of exactly the planned size, 4-byte aligned, in the section
// ".bl_arena.<region>". It calls kernels in straight lines; a tiled stage goes through
// bl_run_stage. `hooks->lap`, when given, is called after each call.
struct GeneratedSources {
  std::string header;
  std::string source;
  std::string constants;           // The binary.
  std::string constants_assembly;  // Section .rodata.<prefix>_constants, symbol <prefix>_constants.
};

GeneratedSources EmitC(const EngineProgram& program, const EmitOptions& options);

// A complete example of about 20 lines that runs the network: for users.
std::string EmitExample(const EngineProgram& program, const EmitOptions& options);

}  // namespace boardloop
