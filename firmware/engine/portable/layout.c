#include <string.h>

#include "firmware/engine/kernels.h"

void bl_copy_s8(const void* params) {
  const bl_geometry* g = params;
  if (g->output == g->input) return;
  memmove(g->output, g->input,
          (size_t)g->input_height * (size_t)g->input_width * (size_t)g->input_channels);
}

void bl_pad_s8(const void* params) {
  const bl_pad_params* p = params;
  const bl_geometry* g = &p->geometry;
  const int32_t row_bytes = g->input_width * g->input_channels;
  const int32_t left = p->left * g->input_channels;
  const int32_t right = g->output_width * g->output_channels - left - row_bytes;
  for (int32_t y = 0; y < g->output_height; ++y) {
    int8_t* out = g->output + y * g->output_pitch;
    const int32_t row = y - p->top;
    if (row < 0 || row >= g->input_height) {
      memset(out, p->value, (size_t)(left + row_bytes + right));
      continue;
    }
    memset(out, p->value, (size_t)left);
    memcpy(out + left, g->input + row * g->input_pitch, (size_t)row_bytes);
    memset(out + left + row_bytes, p->value, (size_t)right);
  }
}

/* Copies `rows` of `columns` pixels with `channels` each into larger pixels of the output. */
static void place(const bl_geometry* g, const int8_t* in, int32_t in_pitch, int8_t* out,
                  int32_t rows, int32_t columns, int32_t channels) {
  for (int32_t y = 0; y < rows; ++y) {
    for (int32_t x = 0; x < columns; ++x) {
      memcpy(out + y * g->output_pitch + x * g->output_channels, in + y * in_pitch + x * channels,
             (size_t)channels);
    }
  }
}

void bl_concat_s8(const void* params) {
  const bl_concat_params* p = params;
  const bl_geometry* g = &p->geometry;
  int8_t* out = g->output + p->first_row * g->output_pitch + p->first_column * g->output_channels +
                p->first_channel;
  place(g, g->input, g->input_pitch, out, g->input_height, g->input_width, g->input_channels);
}

void bl_concat_constant_s8(const void* params) {
  const bl_concat_constant_params* p = params;
  const bl_geometry* g = &p->geometry;
  int8_t* out = g->output + p->first_row * g->output_pitch + p->first_column * g->output_channels +
                p->first_channel;
  place(g, p->constant, p->columns * p->channels, out, p->rows, p->columns, p->channels);
}

void bl_resize_nearest_s8(const void* params) {
  const bl_resize_params* p = params;
  const bl_geometry* g = &p->geometry;
  const size_t pixel_bytes = (size_t)g->input_channels;
  for (int32_t y = 0; y < g->output_height; ++y) {
    const int8_t* in = g->input + p->rows[y] * g->input_pitch;
    int8_t* out = g->output + y * g->output_pitch;
    for (int32_t x = 0; x < g->output_width; ++x, out += pixel_bytes) {
      memcpy(out, in + p->columns[x] * g->input_channels, pixel_bytes);
    }
  }
}
