// Builds firmware for a board type: compiles what is not in the cache, links, and says what is in
// the image.
//
// The cache is a folder of files named by the hash of everything that goes into them (source,
// defines, flags, compiler version, engine version), shared by all builds, threads and processes: a
// file is written under another name and renamed. Builds run in a scratch folder of their own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/build/toolchain.h"
#include "firmware/codegen/emit_c.h"
#include "firmware/codegen/engine_program.h"

namespace boardloop {

// Bytes of flash and RAM by purpose; from the linked image's sections and symbols.
struct ImageSize {
  int64_t weights = 0;    // Filter elements as packed.
  int64_t constants = 0;  // Biases, multipliers, tables, call parameters and other read-only data.
  int64_t code = 0;
  int64_t flash = 0;  // All of it, as programmed.
  int64_t arena = 0;  // Sum of the arena symbols.
  int64_t data = 0;   // .data and .bss beside arena and stack.
};

struct FirmwareImage {
  std::string elf;     // The bytes of the ELF.
  std::string digest;  // sha256 of `elf`, hex.
  ImageSize size;
  std::map<std::string, uint32_t> symbols;  // Global symbols by name.
  std::string compiler_flags;               // Of kernels and generated code.
  bool from_cache = false;                  // The whole image was in the cache.
  double compile_seconds = 0;
  double link_seconds = 0;
};

// Loadable flash contents of an image.
struct LoadSegment {
  uint32_t address = 0;
  std::vector<uint8_t> bytes;
};
absl::StatusOr<std::vector<LoadSegment>> LoadSegments(const FirmwareImage& image);

// Thread-safe: builds share nothing but the cache. Two that lack one object both compile it.
class Builder {
 public:
  struct Options {
    std::string cache_folder;   // Created if absent.
    std::string source_folder;  // That holds firmware/; FindFirmwareSources() finds it.
    int jobs = 0;               // Parallel compilers; 0: one per processor.
  };

  Builder(Toolchain toolchain, Options options);

  // The measured program for `program`: runner, kernels it uses, generated sources.
  //
  // RESOURCE_EXHAUSTED  does not fit flash or RAM: which, by how many bytes
  // FAILED_PRECONDITION the compiler failed; the message has its first error lines
  // UNAVAILABLE         the disk is full or the cache cannot be written
  absl::StatusOr<FirmwareImage> BuildImage(const BoardType& board,
                                           const EngineProgram& program) const;

  // The resident image of a board type: runner, every kernel of its set, random constants in the
  // rest of the flash.
  absl::StatusOr<FirmwareImage> BuildResident(const BoardType& board) const;

  const Toolchain& toolchain() const { return toolchain_; }

 private:
  Toolchain toolchain_;
  Options options_;
};

}  // namespace boardloop
