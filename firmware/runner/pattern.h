/* The test input: a cheap pseudo-random image that board and host make alike, so that checking a
 * network needs no transfer. Byte i is byte i % 4 of a mixed word (a multiply-xorshift hash of
 * seed + i / 4), as int8. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_PATTERN_H_
#define BOARDLOOP_FIRMWARE_RUNNER_PATTERN_H_

#include <stdint.h>

static inline uint32_t bl_pattern_word(uint32_t seed, uint32_t index) {
  uint32_t x = (seed * 0x9E3779B1u + index) * 0x85EBCA77u;
  x ^= x >> 15;
  x *= 0xC2B2AE3Du;
  return x ^ (x >> 13);
}

/* Bytes [first, first + count) of the input. */
static inline void bl_pattern_read(uint32_t seed, uint32_t first, uint32_t count, int8_t* out) {
  uint32_t i = first;
  const uint32_t end = first + count;
  while (i < end && i % 4 != 0) {
    *out++ = (int8_t)(uint8_t)(bl_pattern_word(seed, i / 4) >> (8 * (i % 4)));
    ++i;
  }
  for (; end - i >= 4; i += 4) {
    const uint32_t word = bl_pattern_word(seed, i / 4);
    __builtin_memcpy(out, &word, 4); /* Little-endian, like every target. */
    out += 4;
  }
  for (; i < end; ++i) {
    *out++ = (int8_t)(uint8_t)(bl_pattern_word(seed, i / 4) >> (8 * (i % 4)));
  }
}

#endif /* BOARDLOOP_FIRMWARE_RUNNER_PATTERN_H_ */
