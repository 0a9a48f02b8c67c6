// The inputs of the golden outputs: the same bytes here and in golden_input.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace boardloop {

// The high bytes of a 64-bit linear congruential generator (Knuth's MMIX constants): a line in any
// language. Nothing about them needs to be better than varied.
inline std::vector<int8_t> GoldenInput(uint64_t seed, size_t size) {
  std::vector<int8_t> values(size);
  for (int8_t& value : values) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<int8_t>(seed >> 56);
  }
  return values;
}

}  // namespace boardloop
