/* The time of a run: read from the core's cycle counter, or told to whoever counts from outside by
 * mark hints (marks.h).
 *
 * What the runner itself does inside a run - adding up the cycles of a step, making a streamed
 * input - is not counted. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_TIMING_H_
#define BOARDLOOP_FIRMWARE_RUNNER_TIMING_H_

#include <stdint.h>

void bl_timing_init(void);

/* Clears the cycles of all steps. */
void bl_timing_clear(void);

void bl_timing_begin_run(void);

/* The cycles of the run; 0 with marks. A run has less than 2^32. */
uint32_t bl_timing_end_run(void);

/* The time since the last lap, begin or resume belongs to `step`. */
void bl_timing_lap(int32_t step);

/* What happens between the two is not counted. `token` is what pause returned. */
uint32_t bl_timing_pause(void);
void bl_timing_resume(uint32_t token);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_TIMING_H_ */
