#include "firmware/runner/mailbox_access.h"

#include <stddef.h>

#include "firmware/runner/cache.h"
#include "firmware/runner/core_registers.h"
#include "firmware/runner/crc32.h"

/* Alone in its cache lines: writing back a neighbour must not undo what the probe has written. */
#define BL_CACHE_LINE 32

volatile bl_mailbox bl_the_mailbox __attribute__((section(".bl_mailbox"), aligned(BL_CACHE_LINE)));

static const volatile uint8_t* field(size_t offset) {
  return (const volatile uint8_t*)&bl_the_mailbox + offset;
}

static uint32_t crc_with_state(uint32_t state) {
  const size_t after = offsetof(bl_mailbox, state) + sizeof(state);
  uint32_t crc = bl_crc32_update(BL_CRC32_START, field(0), offsetof(bl_mailbox, state));
  crc = bl_crc32_update(crc, &state, sizeof(state));
  crc = bl_crc32_update(crc, field(after), offsetof(bl_mailbox, crc32) - after);
  return ~crc;
}

void bl_mailbox_set_state(uint32_t state) {
  bl_barrier();
  bl_the_mailbox.state = state;
  bl_cache_flush();
}

void bl_mailbox_publish(uint32_t state) {
  bl_the_mailbox.crc32 = crc_with_state(state);
  bl_mailbox_set_state(state);
}
