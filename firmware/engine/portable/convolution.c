#include <string.h>

#include "firmware/engine/kernels.h"
#include "firmware/engine/requantize.h"

typedef struct {
  const int8_t* first;
  int32_t pitch;
} input_view;

typedef struct {
  int32_t row, column;
} pixel;

static int16_t* fill_zeros(int16_t* taps, int32_t count) {
  memset(taps, 0, (size_t)count * sizeof(*taps));
  return taps + count;
}

/* Writes the window of output pixel `at` to `taps`, without zero point; padding is 0. */
static void gather(const bl_conv_params* params, const input_view* input, pixel at, int16_t* taps) {
  const bl_geometry* g = &params->geometry;
  const int32_t channels = g->input_channels;
  const int32_t zero_point = params->zero_point_input;
  const int32_t top = at.row * params->stride_height - g->pad_top;
  const int32_t left = at.column * params->stride_width - g->pad_left;
  int32_t begin = left < 0 ? -left : 0; /* Columns of the window inside the input. */
  int32_t end = params->kernel_width;
  if (end > g->input_width - left) end = g->input_width - left;
  if (begin > end) begin = end = 0;
  const int32_t run = (end - begin) * channels;
  for (int32_t row = top; row < top + params->kernel_height; ++row) {
    if (row < 0 || row >= g->input_height || run == 0) {
      taps = fill_zeros(taps, params->kernel_width * channels);
      continue;
    }
    taps = fill_zeros(taps, begin * channels);
    const int8_t* in = input->first + row * input->pitch + (left + begin) * channels;
    for (int32_t i = 0; i < run; ++i) taps[i] = (int16_t)(in[i] - zero_point);
    taps = fill_zeros(taps + run, (params->kernel_width - end) * channels);
  }
}

/* sums[2 * pixel + channel] += window . filter, for two pixels and two channels: each value that is
 * loaded is used twice. */
static inline void multiply(const int16_t* window_a, const int16_t* window_b,
                            const int8_t* filter_a, const int8_t* filter_b, int32_t depth,
                            int32_t sums[4]) {
  int32_t aa = sums[0], ab = sums[1], ba = sums[2], bb = sums[3];
  for (int32_t i = 0; i < depth; ++i) {
    const int32_t x = window_a[i], y = window_b[i], v = filter_a[i], w = filter_b[i];
    aa += x * v;
    ab += x * w;
    ba += y * v;
    bb += y * w;
  }
  sums[0] = aa, sums[1] = ab, sums[2] = ba, sums[3] = bb;
}

static inline int8_t requantize(const bl_conv_params* params, const bl_channel* channel,
                                int32_t sum) {
  const int32_t scaled = bl_multiply(sum, channel->mantissa, channel->shift);
  return bl_clamp(bl_wrapping_add(scaled, params->zero_point_output), params->minimum,
                  params->maximum);
}

/* All output channels of one pixel, or of two. `windows` holds theirs. */
static inline void compute(const bl_conv_params* params, const bl_add_terms* shortcut,
                           const int16_t* windows, int32_t depth, const pixel* at, int32_t pixels) {
  const bl_geometry* g = &params->geometry;
  const int16_t* other = pixels == 2 ? windows + depth : windows;
  const int32_t channels = g->output_channels;
  int8_t* outputs[2];
  const int8_t* seconds[2];
  for (int32_t i = 0; i < pixels; ++i) {
    outputs[i] = g->output + at[i].row * g->output_pitch + at[i].column * channels;
    if (shortcut != NULL) {
      seconds[i] = g->second + at[i].row * g->second_pitch + at[i].column * channels;
    }
  }
  for (int32_t c = 0; c < channels; c += 2) {
    const int32_t pair = c + 1 < channels;
    const bl_channel* channel = params->channels + c;
    const int8_t* filter = params->filter + c * depth;
    int32_t sums[4] = {channel[0].bias, channel[pair].bias, channel[0].bias, channel[pair].bias};
    multiply(windows, other, filter, filter + pair * depth, depth, sums);
    for (int32_t i = 0; i < pixels; ++i) {
      for (int32_t k = 0; k <= pair; ++k) {
        int8_t out = requantize(params, &channel[k], sums[2 * i + k]);
        if (shortcut != NULL) out = bl_add_one(shortcut, out, seconds[i][c + k]);
        outputs[i][c + k] = out;
      }
    }
  }
}

/* Whether the output overwrites the input: only pointwise convolutions do that. */
static int32_t is_in_place(const bl_geometry* g) {
  const uintptr_t input = (uintptr_t)g->input;
  const uintptr_t output = (uintptr_t)g->output;
  const int32_t bytes =
      (g->output_height - 1) * g->output_pitch + g->output_width * g->output_channels;
  return input >= output && input - output < (uintptr_t)bytes;
}

/* Moves the rows of the input together, to where the output begins. */
static input_view compact(const bl_geometry* g) {
  const int32_t row_bytes = g->input_width * g->input_channels;
  for (int32_t row = 0; row < g->input_height; ++row) {
    memmove(g->output + row * row_bytes, g->input + row * g->input_pitch, (size_t)row_bytes);
  }
  const input_view view = {g->output, row_bytes};
  return view;
}

static pixel advance(pixel at, int32_t step, int32_t width) {
  at.column += step;
  if (at.column == width) {
    at.column = 0;
    ++at.row;
  } else if (at.column < 0) {
    at.column = width - 1;
    --at.row;
  }
  return at;
}

/* Two output pixels at a time, whose windows are copied first: in place nothing is lost. Where
 * pixels grow, from the last to the first; the input then has to end before the output does. */
static inline void convolve(const bl_conv_params* params, const bl_add_terms* shortcut) {
  const bl_geometry* g = &params->geometry;
  const int32_t depth = params->kernel_height * params->kernel_width * g->input_channels;
  input_view input = {g->input, g->input_pitch};
  int32_t step = 1;
  pixel next = {0, 0};
  if (g->output_channels > g->input_channels && is_in_place(g)) {
    input = compact(g);
    step = -1;
    next.row = g->output_height - 1;
    next.column = g->output_width - 1;
  }
  int16_t* windows = g->scratch;
  for (int32_t left = g->output_height * g->output_width; left > 0; left -= 2) {
    const int32_t pixels = left > 1 ? 2 : 1;
    pixel at[2];
    for (int32_t i = 0; i < pixels; ++i) {
      at[i] = next;
      gather(params, &input, next, windows + i * depth);
      next = advance(next, step, g->output_width);
    }
    compute(params, shortcut, windows, depth, at, pixels);
  }
}

void bl_conv_s8(const void* params) { convolve(params, NULL); }

void bl_conv_add_s8(const void* params) {
  const bl_conv_params* conv = params;
  convolve(conv, conv->shortcut);
}
