// Seeded random numbers that are the same on every platform and standard library: a search with
// the same seed is the same search. (std::uniform_int_distribution differs between libraries.)
#pragma once

#include <cstdint>

namespace boardloop {

// xoshiro256** (Blackman and Vigna 2018), seeded through splitmix64. Not thread-safe.
class Random {
 public:
  explicit Random(uint64_t seed);

  // The generator for item `index` of stream `seed`: any thread can make it, in any order.
  static Random ForItem(uint64_t seed, uint64_t index);

  uint64_t Next();
  // Uniform in [0, bound), without bias; bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [low, high], low <= high.
  int64_t Between(int64_t low, int64_t high);
  // Uniform in [0, 1), 53 bits.
  double Unit();
  // True with the given probability.
  bool Chance(double probability) { return Unit() < probability; }

 private:
  uint64_t state_[4];
};

}  // namespace boardloop
