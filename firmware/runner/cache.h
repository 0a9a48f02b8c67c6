/* Caches of a Cortex-M7. A debug probe may read and write memory past the data cache, so the runner
 * writes it back and empties it whenever it hands memory to the agent or takes it back. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_CACHE_H_
#define BOARDLOOP_FIRMWARE_RUNNER_CACHE_H_

void bl_cache_enable(void);

/* Writes back and empties the data cache; nothing where none is enabled. */
void bl_cache_flush(void);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_CACHE_H_ */
