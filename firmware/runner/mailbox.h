/* The mailbox: how the measured program and the agent talk, through RAM that a debug probe reads
 * and writes while the core runs. Included by the firmware (C) and by the agent (C++): one
 * description.
 *
 * Protocol. The agent finds the mailbox by the ELF symbol `bl_mailbox`, waits for state READY,
 * fills in the request and writes `request_sequence` last, one higher than before. The runner sets
 * RUNNING, executes, fills in the result, computes `crc32`, and then sets DONE with
 * `result_sequence` equal to the request's. After a fault the state is FAULTED, the record below
 * says what happened, and only a reset helps. Every field is one little-endian 32-bit word.
 *
 * RAM survives a reset: the agent clears `state` while the core is halted after one, so that it
 * does not take an old READY for a new one.
 *
 * The runner notices a request within a millisecond: it sleeps between SysTick interrupts, which
 * are off during a run. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_MAILBOX_H_
#define BOARDLOOP_FIRMWARE_RUNNER_MAILBOX_H_

#include <stdint.h>

#define BL_MAILBOX_MAGIC 0x424D4C42u /* "BLMB" in memory. */
#define BL_MAILBOX_VERSION 1u
#define BL_MAX_RUNS 64u

enum {
  BL_STATE_BOOTING = 1,
  BL_STATE_READY = 2, /* Waits for the first request. */
  BL_STATE_RUNNING = 3,
  BL_STATE_DONE = 4, /* The result is valid; waits for the next request. */
  BL_STATE_FAULTED = 5,
};

enum {
  BL_COMMAND_RUN_PATTERN = 1, /* The input is bl_pattern (pattern.h) of `pattern_seed`. */
  BL_COMMAND_RUN_IMAGE = 2,   /* The agent has written the input to image_address. */
};

enum {
  BL_RESULT_OK = 1,
  BL_RESULT_BAD_REQUEST = 2,    /* Unknown command, or runs out of range. */
  BL_RESULT_NO_IMAGE_SPACE = 3, /* image_capacity is smaller than the input. */
  BL_RESULT_BAD_NETWORK = 4,    /* Built for another engine version. */
};

enum {
  BL_TIMING_CYCCNT = 1, /* run_cycles and step cycles were read from DWT_CYCCNT. */
  BL_TIMING_MARKS = 2,  /* The core has no counter: the runner executes mark hints (marks.h). */
};

enum {
  BL_FAULT_NONE = 0,
  BL_FAULT_HARD = 1,
  BL_FAULT_MEMORY = 2, /* MPU: outside the board's memories, or into the guard below the stack. */
  BL_FAULT_BUS = 3,
  BL_FAULT_USAGE = 4,
  BL_FAULT_STACK_OVERFLOW = 5,
  BL_FAULT_ASSERT = 6,
};

typedef struct {
  uint32_t magic;
  uint32_t version;
  uint32_t bytes; /* sizeof(bl_mailbox) */
  uint32_t state;

  /* Facts, filled in at boot. */
  uint32_t engine_version;
  uint32_t clock_hz; /* As set up; on a virtual board the board type's nominal clock. */
  uint32_t timing;
  uint32_t stack_base, stack_bytes;       /* Lowest address, and size. */
  uint32_t image_address, image_capacity; /* Where the agent may put an input; see below. */
  /* The step cycles: uint32_t [step_count] at this address, sums over all runs of a request, which
   * the agent keeps below 2^32 cycles in total. Capacity 0 with BL_TIMING_MARKS. */
  uint32_t step_cycles_address, step_cycles_capacity;

  /* Request. */
  uint32_t network; /* Address of a bl_network; 0: the one linked into the image. */
  uint32_t command;
  uint32_t pattern_seed;
  uint32_t warmup_runs;
  uint32_t runs;             /* 1 to BL_MAX_RUNS. */
  uint32_t request_sequence; /* Written last. */

  /* Result. */
  uint32_t result;
  uint32_t output_address, output_bytes; /* The output of the last run. */
  uint32_t output_crc32;
  uint32_t stack_used;              /* High-water mark since reset, in bytes. */
  uint32_t laps_per_run;            /* Calls of the lap hook in one run. */
  uint32_t run_cycles[BL_MAX_RUNS]; /* 0 with BL_TIMING_MARKS. */

  /* Fault record. */
  uint32_t fault;
  uint32_t fault_pc, fault_lr, fault_psr, fault_sp;
  uint32_t fault_cfsr, fault_hfsr, fault_mmfar, fault_bfar;
  uint32_t fault_step; /* The last step that finished, plus one: the one that was running. */
  uint32_t fault_line; /* Of an assert. */

  uint32_t result_sequence;
  uint32_t crc32; /* Of all words before it, as they are when state is DONE or FAULTED. */
} bl_mailbox;

/* Images. With a resident input image_address is the network's own input and each request has one
 * run without warm-up, as a run may overwrite its input. With a streamed input it is RAM that
 * neither program nor network use, and image_capacity may be too small: such a network is checked
 * with patterns, or on a board with more memory. Both fields refer to the network of the last
 * request, or of the image before the first. */

#endif /* BOARDLOOP_FIRMWARE_RUNNER_MAILBOX_H_ */
