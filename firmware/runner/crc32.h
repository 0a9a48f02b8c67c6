/* CRC-32 as in zlib: polynomial 0xEDB88320, reflected, all ones in and out. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_CRC32_H_
#define BOARDLOOP_FIRMWARE_RUNNER_CRC32_H_

#include <stdint.h>

#define BL_CRC32_START 0xFFFFFFFFu

/* `crc` is BL_CRC32_START, or what an earlier call returned; the result is the complement of the
 * last. */
uint32_t bl_crc32_update(uint32_t crc, const volatile void* data, uint32_t bytes);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_CRC32_H_ */
