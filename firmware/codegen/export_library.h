// A network as a C library: a folder for somebody else's project, with everything that it needs.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "firmware/codegen/emit_c.h"
#include "firmware/codegen/engine_program.h"

namespace boardloop {

// Writes into `folder`, which is created:
//   <prefix>.h, .c, _constants.bin, _constants.S   the generated sources (emit_c.h)
//   engine_<object>.c or .S                        each kernel object that the network uses
//   firmware/engine/...                            the sources that these include
//   example.c, README.md
// `cc *.c *.S` in that folder builds the example, with any C11 compiler that takes GNU assembler.
// `source_folder` holds the project's firmware/.
//
// INVALID_ARGUMENT     the prefix is no C identifier, or a name of the engine
// FAILED_PRECONDITION  `folder` exists and is not empty
// NOT_FOUND            `source_folder` lacks a source of the engine
absl::Status ExportLibrary(const EngineProgram& program, const EmitOptions& options,
                           const std::string& source_folder, const std::string& folder);

}  // namespace boardloop
