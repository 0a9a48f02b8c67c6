/* Runs of a network: its input, its output, its laps. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_RUN_H_
#define BOARDLOOP_FIRMWARE_RUNNER_RUN_H_

#include <stdint.h>

#include "firmware/engine/engine.h"

/* Where the input of a run comes from. */
typedef struct {
  const int8_t* image; /* A whole image; NULL: the pattern of `seed`. */
  uint32_t seed;
} bl_input_source;

uint32_t bl_input_bytes(const bl_network* network);

/* One inference. A resident input is written before it, unless it is the image itself. Laps are
 * timed when `timed` is not 0. Returns the cycles, 0 with marks. */
uint32_t bl_run(const bl_network* network, const bl_input_source* source, int32_t timed);

/* Calls of the lap hook in the last run. */
uint32_t bl_laps(void);

/* The step that is running: the one after the last that has finished. */
uint32_t bl_running_step(void);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_RUN_H_ */
