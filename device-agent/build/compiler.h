// Runs the cross compiler and the linker, and turns what they say into errors with an owner.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/build/toolchain.h"

namespace boardloop {

// Processor and floating-point unit.
//
// FAILED_PRECONDITION  a core that there is no firmware for
absl::StatusOr<std::vector<std::string>> TargetFlags(const BoardType& board);

struct CompileJob {
  std::string source;  // Relative to `working_folder`: absolute paths would reach the object.
  std::string working_folder;
  std::string include_folder;  // Holds firmware/.
  std::vector<std::string> flags;
  std::string object;  // Absolute path.
};

// Of our own and of generated C sources; the first for what is measured.
inline constexpr char kFast[] = "-O2";
inline constexpr char kSmall[] = "-Os";
std::vector<std::string> CommonFlags();

// FAILED_PRECONDITION  the compiler failed; the message has its first error lines
// UNAVAILABLE          the disk is full
// DEADLINE_EXCEEDED
absl::Status Compile(const Toolchain& toolchain, const CompileJob& job);

struct LinkJob {
  std::vector<std::string> objects;  // In the order in which sections are laid out.
  std::string script;
  std::vector<std::string> flags;
  std::vector<std::string> keep;  // Symbols that stay though nothing refers to them.
  std::string working_folder;     // Takes temporary files.
  std::string elf;
};

// RESOURCE_EXHAUSTED   does not fit flash or RAM: which, by how many bytes
// and as Compile()
absl::Status Link(const Toolchain& toolchain, const BoardType& board, const LinkJob& job);

}  // namespace boardloop
