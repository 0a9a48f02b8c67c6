#include <string.h>

#include "firmware/engine/kernels.h"
#include "firmware/engine/requantize.h"

/* Rows of one input channel, without zero point, framed with zeros: as the windows see them. Row r
 * of the band is row `first + r` of the input. Each row of the input is read once, before any
 * output that the row or those above it go into is written: so the channel can be computed in
 * place. */
typedef struct {
  int16_t* values;
  int32_t columns;  /* int16 from a row to the next; even. */
  int32_t first;    /* May be negative: in the padding. */
  int32_t rows;     /* In use. */
  int32_t capacity; /* Rows. */
} band;

static void copy_row(const bl_depthwise_params* params, const int8_t* channel, int32_t row,
                     int32_t columns, int16_t* values) {
  const bl_geometry* g = &params->geometry;
  memset(values, 0, (size_t)columns * sizeof(*values));
  if (row < 0 || row >= g->input_height) return;
  const int32_t zero_point = params->zero_point_input;
  int32_t begin = g->pad_left < 0 ? -g->pad_left : 0; /* Columns of the input inside the band. */
  int32_t end = columns - g->pad_left;
  if (end > g->input_width) end = g->input_width;
  const int8_t* in = channel + row * g->input_pitch + begin * g->input_channels;
  int16_t* out = values + g->pad_left + begin;
  for (int32_t x = begin; x < end; ++x, in += g->input_channels) {
    *out++ = (int16_t)(*in - zero_point);
  }
}

/* Makes the band hold rows [first, first + rows), keeping those it has. */
static void move_band(const bl_depthwise_params* params, const int8_t* channel, band* b,
                      int32_t first, int32_t rows) {
  int32_t kept = b->first + b->rows - first;
  if (kept < 0) kept = 0;
  if (kept > 0) {
    memmove(b->values, b->values + (first - b->first) * b->columns,
            (size_t)(kept * b->columns) * sizeof(*b->values));
  }
  for (int32_t r = kept; r < rows; ++r) {
    copy_row(params, channel, first + r, b->columns, b->values + r * b->columns);
  }
  b->first = first;
  b->rows = rows;
}

/* sum + one row of a window times one of the filter. Common widths are spelled out, because
 * compilers do not unroll at -O2. */
static inline int32_t multiply_row(const int16_t* window, const int8_t* filter, int32_t width,
                                   int32_t sum) {
  if (width == 3) {
    return sum + window[0] * filter[0] + window[1] * filter[1] + window[2] * filter[2];
  }
  if (width == 5) {
    return sum + window[0] * filter[0] + window[1] * filter[1] + window[2] * filter[2] +
           window[3] * filter[3] + window[4] * filter[4];
  }
  for (int32_t x = 0; x < width; ++x) sum += window[x] * filter[x];
  return sum;
}

/* One output row of one channel, from `out` on; its windows begin at `values`. */
static inline void compute_row(const bl_depthwise_params* params, const int16_t* values,
                               int32_t columns, int32_t c, int32_t kernel_height,
                               int32_t kernel_width, int8_t* out) {
  const int32_t width = params->geometry.output_width;
  const int32_t pixel_bytes = params->geometry.output_channels;
  const int32_t stride = params->stride_width;
  const int32_t zero_point = params->zero_point_output;
  const int32_t minimum = params->minimum, maximum = params->maximum;
  const int8_t* filter = params->filter + c * kernel_height * kernel_width;
  const bl_channel channel = params->channels[c];
  for (int32_t x = 0; x < width; ++x, values += stride, out += pixel_bytes) {
    int32_t sum = channel.bias;
    for (int32_t y = 0; y < kernel_height; ++y) {
      sum = multiply_row(values + y * columns, filter + y * kernel_width, kernel_width, sum);
    }
    const int32_t scaled = bl_multiply(sum, channel.mantissa, channel.shift);
    *out = bl_clamp(bl_wrapping_add(scaled, zero_point), minimum, maximum);
  }
}

/* Common sizes of windows are constants. Called through a pointer, so that each function is
 * compiled by itself: inlined into one they are short of registers. */
typedef void (*row_function)(const bl_depthwise_params* params, const int16_t* values,
                             int32_t columns, int32_t c, int8_t* out);

static void compute_row_3x3(const bl_depthwise_params* params, const int16_t* values,
                            int32_t columns, int32_t c, int8_t* out) {
  compute_row(params, values, columns, c, 3, 3, out);
}

static void compute_row_5x5(const bl_depthwise_params* params, const int16_t* values,
                            int32_t columns, int32_t c, int8_t* out) {
  compute_row(params, values, columns, c, 5, 5, out);
}

static void compute_row_of_any(const bl_depthwise_params* params, const int16_t* values,
                               int32_t columns, int32_t c, int8_t* out) {
  compute_row(params, values, columns, c, params->kernel_height, params->kernel_width, out);
}

static row_function choose_row_function(const bl_depthwise_params* params) {
  if (params->kernel_height == 3 && params->kernel_width == 3) return compute_row_3x3;
  if (params->kernel_height == 5 && params->kernel_width == 5) return compute_row_5x5;
  return compute_row_of_any;
}

/* Channel c of the output, some rows at a time. */
static void convolve_channel(const bl_depthwise_params* params, row_function compute, int32_t c,
                             band* b) {
  const bl_geometry* g = &params->geometry;
  const int8_t* channel = g->input + c / params->multiplier;
  const int32_t stride = params->stride_height;
  const int32_t at_once = (b->capacity - params->kernel_height) / stride + 1;
  b->first = -g->pad_top;
  b->rows = 0;
  for (int32_t row = 0; row < g->output_height; row += at_once) {
    int32_t rows = g->output_height - row;
    if (rows > at_once) rows = at_once;
    move_band(params, channel, b, row * stride - g->pad_top,
              (rows - 1) * stride + params->kernel_height);
    for (int32_t r = 0; r < rows; ++r) {
      compute(params, b->values + r * stride * b->columns, b->columns, c,
              g->output + (row + r) * g->output_pitch + c);
    }
  }
}

/* A window of one pixel: each value is read once, just before its output is written. */
static void scale_channel(const bl_depthwise_params* params, int32_t c) {
  const bl_geometry* g = &params->geometry;
  const bl_channel* channel = params->channels + c;
  const int32_t weight = params->filter[c];
  for (int32_t y = 0; y < g->output_height; ++y) {
    const int32_t row = y * params->stride_height - g->pad_top;
    const int8_t* in = g->input + row * g->input_pitch + c / params->multiplier;
    int8_t* out = g->output + y * g->output_pitch + c;
    for (int32_t x = 0; x < g->output_width; ++x, out += g->output_channels) {
      const int32_t column = x * params->stride_width - g->pad_left;
      int32_t sum = channel->bias;
      if (row >= 0 && row < g->input_height && column >= 0 && column < g->input_width) {
        sum += (in[column * g->input_channels] - params->zero_point_input) * weight;
      }
      const int32_t scaled = bl_multiply(sum, channel->mantissa, channel->shift);
      *out = bl_clamp(bl_wrapping_add(scaled, params->zero_point_output), params->minimum,
                      params->maximum);
    }
  }
}

void bl_depthwise_s8(const void* params) {
  const bl_depthwise_params* p = params;
  const bl_geometry* g = &p->geometry;
  if (p->kernel_height == 1 && p->kernel_width == 1) {
    for (int32_t c = 0; c < g->output_channels; ++c) scale_channel(p, c);
    return;
  }
  const int32_t columns = (g->output_width - 1) * p->stride_width + p->kernel_width;
  band b = {g->scratch, columns + columns % 2, 0, 0, 0};
  b.capacity = g->scratch_bytes / (2 * b.columns);
  const row_function compute = choose_row_function(p);
  for (int32_t c = 0; c < g->output_channels; ++c) convolve_channel(p, compute, c, &b);
}
