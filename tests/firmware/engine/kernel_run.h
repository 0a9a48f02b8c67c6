// A case as something that can be run on any target: kernel calls whose pointers are offsets into
// one block of memory, that block before the calls, and what it must be after them.
//
// The block holds tensors and scratch in random order with random bytes between them, so that a
// write beside them shows; runners put its end at memory that faults, so that an access past it
// does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "firmware/codegen/lowering.h"
#include "tests/firmware/engine/kernel_case.h"

namespace boardloop {

// A member of a parameter struct, bl_geometry's included.
struct ParamWord {
  enum class Kind : uint32_t { kInteger, kMemory, kData, kNull };
  Kind kind = Kind::kInteger;
  int64_t value = 0;  // kMemory, kData: the offset.
};

struct PreparedCall {
  std::string kernel;
  std::vector<ParamWord> params;
  std::vector<uint8_t> data;
};

struct KernelRun {
  std::string label;  // Of the case, with the variant: enough to make it again.
  std::vector<PreparedCall> calls;
  std::vector<uint8_t> memory;    // Before; a multiple of 4 bytes.
  std::vector<uint8_t> expected;  // After; bytes of [scratch_begin, scratch_end) are free.
  int64_t scratch_begin = 0, scratch_end = 0;
};

// How a case's tensors lie in memory.
struct Variant {
  // The operators run on a random window of the output, as in the patch stage: views have pitches,
  // padding is cut off.
  bool tile = false;
  int32_t in_place_of = -1;  // Tensor that the output overwrites, or -1.
  double scratch = 1;        // Share of the way from the least to the most.
};

// Every variant that a plan may ask for.
std::vector<Variant> VariantsOf(const KernelCase& c);

// The order in memory and the window of a tile come from the case's seed.
KernelRun MakeRun(const KernelCase& kernel_case, const std::vector<LoweredCall>& calls,
                  const Variant& variant);

// Where `memory` differs from what is expected, in words; empty if it does not.
std::string Difference(const KernelRun& run, const uint8_t* memory);

}  // namespace boardloop
