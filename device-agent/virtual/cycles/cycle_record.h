/* What the cycle plugin (inside QEMU) and the virtual board (outside) share: one mapping of memory.
 *
 * Invariants:
 *   (1) Each word has one writer, named beside it, and is accessed with __atomic operations.
 *   (2) `entries` is stored with release order after the mark it counts is complete, so that who
 *       loads it with acquire order may read that many marks while the core runs.
 *   (3) The record is empty as long as clear_done != clear_requested: the plugin restarts it at the
 *       next mark. So the board may clear it while the core runs, without a lock. */
#ifndef BOARDLOOP_DEVICE_AGENT_VIRTUAL_CYCLES_CYCLE_RECORD_H_
#define BOARDLOOP_DEVICE_AGENT_VIRTUAL_CYCLES_CYCLE_RECORD_H_

#include <stdint.h>

#define BL_RECORD_CAPACITY 65536u
#define BL_RECORD_LAYOUT 1u

/* Marks are 16-bit hint instructions that ARMv7-M leaves unallocated and executes as NOP. */
#define BL_MARK_BEGIN_OPCODE 0xBF80u
#define BL_MARK_LAP_OPCODE 0xBF90u

enum { BL_MARK_BEGIN = 1, BL_MARK_LAP = 2 };

typedef struct {
  uint32_t cycles;       /* Since the previous mark; 0 in a BEGIN; saturates at UINT32_MAX. */
  uint32_t instructions; /* Likewise. */
  uint32_t kind;         /* BL_MARK_BEGIN or BL_MARK_LAP */
} bl_mark;

typedef struct {
  uint32_t layout;          /* board: BL_RECORD_LAYOUT */
  uint32_t clear_requested; /* board: raised by one to empty the record */
  uint32_t clear_done;      /* plugin: the value of clear_requested it has followed */
  uint32_t entries;         /* plugin: marks kept, at most BL_RECORD_CAPACITY */
  uint32_t dropped;         /* plugin: marks that found the record full */
  uint32_t hang_at;  /* board: the core stops for ever at this mark, 1 is the first; 0 never */
  uint32_t abort_at; /* board: QEMU dies at this mark, as it does on a double fault; 0 never */
  uint32_t hung;     /* plugin: 1 once the core hangs */
  bl_mark marks[BL_RECORD_CAPACITY]; /* plugin */
} bl_cycle_record;

#endif /* BOARDLOOP_DEVICE_AGENT_VIRTUAL_CYCLES_CYCLE_RECORD_H_ */
