#include "firmware/engine/kernels.h"
#include "firmware/engine/requantize.h"

/* The part of a window that lies in the input. */
typedef struct {
  const int8_t* first; /* Channel 0. */
  int32_t rows, columns;
  int32_t pitch, pixel_bytes;
} window;

static window clip(const bl_geometry* g, int32_t top, int32_t left, int32_t height, int32_t width) {
  int32_t bottom = top + height, right = left + width;
  if (top < 0) top = 0;
  if (left < 0) left = 0;
  if (bottom > g->input_height) bottom = g->input_height;
  if (right > g->input_width) right = g->input_width;
  const window clipped = {g->input + top * g->input_pitch + left * g->input_channels, bottom - top,
                          right - left, g->input_pitch, g->input_channels};
  return clipped;
}

static int32_t sum_of(const window* w, int32_t channel) {
  int32_t sum = 0;
  for (int32_t y = 0; y < w->rows; ++y) {
    const int8_t* in = w->first + y * w->pitch + channel;
    for (int32_t x = 0; x < w->columns; ++x, in += w->pixel_bytes) sum += *in;
  }
  return sum;
}

static int32_t maximum_of(const window* w, int32_t channel) {
  int32_t max = -128;
  for (int32_t y = 0; y < w->rows; ++y) {
    const int8_t* in = w->first + y * w->pitch + channel;
    for (int32_t x = 0; x < w->columns; ++x, in += w->pixel_bytes) max = *in > max ? *in : max;
  }
  return max;
}

/* sum / count, ties away from zero. */
static int32_t average_of(const window* w, int32_t channel) {
  const int32_t count = w->rows * w->columns;
  const int32_t sum = sum_of(w, channel);
  return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

static inline void pool(const bl_pool_params* p, int32_t (*reduce)(const window*, int32_t)) {
  const bl_geometry* g = &p->geometry;
  for (int32_t y = 0; y < g->output_height; ++y) {
    int8_t* out = g->output + y * g->output_pitch;
    for (int32_t x = 0; x < g->output_width; ++x) {
      const window w = clip(g, y * p->stride_height - g->pad_top, x * p->stride_width - g->pad_left,
                            p->kernel_height, p->kernel_width);
      for (int32_t c = 0; c < g->output_channels; ++c) {
        *out++ = bl_clamp(reduce(&w, c), p->minimum, p->maximum);
      }
    }
  }
}

void bl_average_pool_s8(const void* params) { pool(params, average_of); }

void bl_max_pool_s8(const void* params) { pool(params, maximum_of); }

void bl_mean_s8(const void* params) {
  const bl_mean_params* p = params;
  const bl_geometry* g = &p->geometry;
  const int32_t height = g->input_height / g->output_height;
  const int32_t width = g->input_width / g->output_width;
  for (int32_t y = 0; y < g->output_height; ++y) {
    int8_t* out = g->output + y * g->output_pitch;
    for (int32_t x = 0; x < g->output_width; ++x) {
      const window w = clip(g, y * height, x * width, height, width);
      for (int32_t c = 0; c < g->output_channels; ++c) {
        const int32_t sum = sum_of(&w, c) - height * width * p->zero_point_input;
        const int32_t scaled = bl_multiply(sum, p->mantissa, p->shift);
        *out++ = bl_clamp(bl_wrapping_add(scaled, p->zero_point_output), -128, 127);
      }
    }
  }
}
