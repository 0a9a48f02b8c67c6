/* Marks for cores whose cycles are counted from outside: hint instructions, which every ARMv7-M
 * core executes as NOP. A virtual board's cycle model counts between them and keeps the counts for
 * the debug probe at BL_MARKS_ADDRESS (docs/virtual-board.md).
 *
 * The runner marks the begin of each counted run and then each lap; warm-up runs leave no marks.
 * Where a network streams its input, another begin follows each read of it, whose time is not
 * counted: runs are told apart by counting laps (laps_per_run of the mailbox), never by begins. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_MARKS_H_
#define BOARDLOOP_FIRMWARE_RUNNER_MARKS_H_

#include <stdint.h>

#define BL_MARK_BEGIN_HINT 0xBF80 /* Counting starts here: the entry has 0 cycles. */
#define BL_MARK_LAP_HINT 0xBF90   /* The entry has the distance from the previous mark. */

#define BL_MARKS_ADDRESS 0xF0000000u
#define BL_MARKS_MAGIC 0x4D434C42u /* "BLCM" in memory. */
#define BL_MARKS_VERSION 1u
#define BL_MARK_KIND_BEGIN 1u
#define BL_MARK_KIND_LAP 2u

/* The window as the probe reads it; the record is emptied by a reset, and by writing `entries`. */
typedef struct {
  uint32_t magic;
  uint32_t version;
  uint32_t capacity;
  uint32_t entries; /* Recorded so far, at most `capacity`. */
  uint32_t dropped; /* Marks beyond the capacity. */
  uint32_t model;   /* 4: Cortex-M4, 7: Cortex-M7. */
  uint32_t model_version;
  uint32_t refill, divide; /* Parameters P and UDIV of the model. */
  uint32_t validated;      /* 1 when checked against silicon. */
  uint32_t reserved[6];
} bl_marks_header;

typedef struct {
  uint32_t cycles;
  uint32_t instructions;
  uint32_t kind;
} bl_mark;

#endif /* BOARDLOOP_FIRMWARE_RUNNER_MARKS_H_ */
