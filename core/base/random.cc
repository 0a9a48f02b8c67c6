#include "core/base/random.h"

namespace boardloop {
namespace {

uint64_t SplitMix(uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t RotateLeft(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

}  // namespace

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) word = SplitMix(seed);
}

Random Random::ForItem(uint64_t seed, uint64_t index) {
  uint64_t state = seed;
  uint64_t mixed = SplitMix(state);
  state = mixed ^ index;
  return Random(SplitMix(state));
}

uint64_t Random::Next() {
  uint64_t result = RotateLeft(state_[1] * 5, 7) * 9;
  uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = RotateLeft(state_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t bound) {
  // Numbers below `threshold` would make the first residues more likely: draw again.
  uint64_t threshold = (0 - bound) % bound;
  while (true) {
    uint64_t draw = Next();
    if (draw >= threshold) return draw % bound;
  }
}

int64_t Random::Between(int64_t low, int64_t high) {
  // Unsigned: the span of all int64_t values does not fit int64_t, nor does its number of values.
  uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  uint64_t draw = span == UINT64_MAX ? Next() : Below(span + 1);
  return static_cast<int64_t>(static_cast<uint64_t>(low) + draw);
}

double Random::Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

}  // namespace boardloop
