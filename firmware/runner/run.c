#include "firmware/runner/run.h"

#include <string.h>

#include "firmware/runner/pattern.h"
#include "firmware/runner/timing.h"

static uint32_t laps;
static uint32_t running_step;

static void count_lap(int32_t step) {
  ++laps;
  running_step = (uint32_t)step + 1;
}

static void timed_lap(int32_t step) {
  bl_timing_lap(step); /* First: what follows belongs to nobody, or is a few instructions. */
  count_lap(step);
}

/* What read_input needs to know. */
typedef struct {
  const bl_network* network;
  const bl_input_source* source;
  int32_t timed;
} input_reader;

static void read_bytes(const bl_input_source* source, uint32_t first, uint32_t count,
                       int8_t* destination) {
  if (source->image != NULL) {
    memcpy(destination, source->image + first, count);
  } else {
    bl_pattern_read(source->seed, first, count, destination);
  }
}

static void read_window(void* context, int32_t row, int32_t column, int32_t rows, int32_t columns,
                        int8_t* destination) {
  const input_reader* reader = context;
  const uint32_t token = reader->timed ? bl_timing_pause() : 0;
  const uint32_t width = (uint32_t)reader->network->input_width;
  const uint32_t channels = (uint32_t)reader->network->input_channels;
  const uint32_t bytes = (uint32_t)columns * channels;
  for (int32_t i = 0; i < rows; ++i) {
    const uint32_t first = ((uint32_t)(row + i) * width + (uint32_t)column) * channels;
    read_bytes(reader->source, first, bytes, destination);
    destination += bytes;
  }
  if (reader->timed) bl_timing_resume(token);
}

uint32_t bl_input_bytes(const bl_network* network) {
  return (uint32_t)network->input_height * (uint32_t)network->input_width *
         (uint32_t)network->input_channels;
}

uint32_t bl_run(const bl_network* network, const bl_input_source* source, int32_t timed) {
  input_reader reader = {network, source, timed};
  const bl_hooks hooks = {read_window, &reader, timed ? timed_lap : count_lap};
  if (network->input != NULL && network->input != source->image) {
    read_bytes(source, 0, bl_input_bytes(network), network->input);
  }
  laps = 0;
  running_step = 0;
  if (!timed) {
    network->run(network, &hooks);
    return 0;
  }
  bl_timing_begin_run();
  network->run(network, &hooks);
  return bl_timing_end_run();
}

uint32_t bl_laps(void) { return laps; }

uint32_t bl_running_step(void) { return running_step; }
