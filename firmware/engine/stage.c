#include <string.h>

#include "firmware/engine/engine.h"

/* Places the views of a call on one tile. `geometry` holds the buffers' bases. */
static void place_on_tile(bl_geometry* geometry, const bl_tile_axis* row,
                          const bl_tile_axis* column) {
  geometry->input_pitch = column->input_pitch;
  geometry->second_pitch = column->second_pitch;
  geometry->output_pitch = column->output_pitch;
  geometry->input +=
      row->input_first * column->input_pitch + column->input_first * geometry->input_channels;
  geometry->output +=
      row->output_first * column->output_pitch + column->output_first * geometry->output_channels;
  if (geometry->second != NULL) {
    geometry->second +=
        row->second_first * column->second_pitch + column->second_first * geometry->output_channels;
  }
  geometry->input_height = row->input_count;
  geometry->input_width = column->input_count;
  geometry->output_height = row->output_count;
  geometry->output_width = column->output_count;
  geometry->pad_top = row->pad;
  geometry->pad_left = column->pad;
}

static void call_on_tile(const bl_call* call, int32_t row, int32_t column) {
  union {
    bl_geometry geometry;
    uint8_t bytes[BL_MAX_PARAMS_BYTES];
  } params;
  memcpy(params.bytes, call->params, (size_t)call->params_bytes);
  place_on_tile(&params.geometry, &call->rows[row], &call->columns[column]);
  call->kernel(&params);
}

static void run_tile(const bl_stage* stage, int32_t row, int32_t column, const bl_hooks* hooks) {
  if (stage->input_rows != NULL) {
    const bl_input_range* rows = &stage->input_rows[row];
    const bl_input_range* columns = &stage->input_columns[column];
    hooks->read_input(hooks->context, rows->first, columns->first, rows->count, columns->count,
                      stage->input_buffer);
  }
  for (int32_t i = 0; i < stage->call_count; ++i) {
    const bl_call* call = &stage->calls[i];
    if (call->rows != NULL) {
      call_on_tile(call, row, column);
    } else {
      call->kernel(call->params);
    }
    if (hooks->lap != NULL) hooks->lap(call->step);
  }
}

void bl_run_stage(const bl_stage* stage, const bl_hooks* hooks) {
  for (int32_t row = 0; row < stage->grid_rows; ++row) {
    for (int32_t column = 0; column < stage->grid_columns; ++column) {
      run_tile(stage, row, column, hooks);
    }
  }
}

void bl_run_stages(const bl_network* network, const bl_hooks* hooks) {
  for (int32_t i = 0; i < network->stage_count; ++i) bl_run_stage(&network->stages[i], hooks);
}
