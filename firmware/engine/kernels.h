/* The portable kernels: C11, any target. They take every model that core/quant takes, and are what
 * DSP kernels fall back to. README.md says what may run in place and how much scratch is used.
 *
 * Tensors are views (engine.h); those marked "whole" are not used in tiled stages and have touching
 * rows. Layouts are written outermost first; arrays of int32_t are 4-byte aligned. */
#ifndef BOARDLOOP_FIRMWARE_ENGINE_KERNELS_H_
#define BOARDLOOP_FIRMWARE_ENGINE_KERNELS_H_

#include "firmware/engine/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Constants that parameters point to. */

/* One output channel of a convolution. */
typedef struct {
  int32_t bias;
  int32_t mantissa,
      shift; /* input scale * filter scale / output scale = mantissa * 2^(shift - 31) */
} bl_channel;

/* One output of a fully connected layer: its multiplier is a double, in two words. */
typedef struct {
  int32_t bias;
  uint32_t multiplier_low, multiplier_high;
} bl_real_channel;

/* out = clamp(zero_point_output + output * (a * (qa - zero_point_a) + b * (qb - zero_point_b))) */
typedef struct {
  int32_t zero_point_a, mantissa_a, shift_a;
  int32_t zero_point_b, mantissa_b, shift_b;
  int32_t mantissa_output, shift_output;
  int32_t zero_point_output, minimum, maximum;
} bl_add_terms;

/* out = clamp(zero_point_output + multiplier * (qa - zero_point_a) * (qb - zero_point_b)) */
typedef struct {
  int32_t zero_point_a, zero_point_b;
  int32_t mantissa, shift;
  int32_t zero_point_output, minimum, maximum;
} bl_mul_terms;

/* Bytes between neighbours of two operands; 0 where an operand is broadcast. */
typedef struct {
  int32_t input_row, input_column, input_channel;
  int32_t second_row, second_column, second_channel;
} bl_strides;

/* ---- Parameters. `minimum` and `maximum` are the fused activation's range. */

/* Convolution. With a window of one pixel, stride 1 and no padding (pointwise) it runs in place.
 * Scratch: two windows, int16. */
typedef struct {
  bl_geometry geometry;
  const int8_t* filter;         /* [output_channels][kernel_height][kernel_width][input_channels] */
  const bl_channel* channels;   /* [output_channels] */
  const bl_add_terms* shortcut; /* a: the convolution, b: `second`. Of bl_conv_add_s8 only. */
  int32_t kernel_height, kernel_width, stride_height, stride_width;
  int32_t zero_point_input, zero_point_output, minimum, maximum;
} bl_conv_params;

void bl_conv_s8(const void* params); /* bl_conv_params */
/* The result is added to `second`, of the output's shape; `output` may be where `second` is. */
void bl_conv_add_s8(const void* params);

/* Depthwise convolution; output channel c reads input channel c / multiplier. In place if the
 * multiplier is 1. Scratch: rows of one padded channel, int16; none for windows of one pixel. */
typedef struct {
  bl_geometry geometry;
  const int8_t* filter;       /* [output_channels][kernel_height][kernel_width] */
  const bl_channel* channels; /* [output_channels] */
  int32_t kernel_height, kernel_width, stride_height, stride_width, multiplier;
  int32_t zero_point_input, zero_point_output, minimum, maximum;
} bl_depthwise_params;

void bl_depthwise_s8(const void* params);

/* Fully connected; whole input, its elements in order. */
typedef struct {
  bl_geometry geometry;
  const int8_t* filter;            /* [output_channels][input elements] */
  const bl_real_channel* channels; /* [output_channels] */
  int32_t zero_point_input, zero_point_output, minimum, maximum;
} bl_fully_connected_params;

void bl_fully_connected_s8(const void* params);

/* ADD and MUL of `input` (a) and `second` (b), all of one shape; in place of either. */
typedef struct {
  bl_geometry geometry;
  const bl_add_terms* terms;
} bl_add_params;

typedef struct {
  bl_geometry geometry;
  const bl_mul_terms* terms;
} bl_mul_params;

void bl_add_s8(const void* params);
void bl_mul_s8(const void* params);

/* The same with operands that are broadcast; whole. In place of one that is not. */
typedef struct {
  bl_geometry geometry;
  const bl_add_terms* terms;
  const bl_strides* strides;
} bl_add_broadcast_params;

typedef struct {
  bl_geometry geometry;
  const bl_mul_terms* terms;
  const bl_strides* strides;
} bl_mul_broadcast_params;

void bl_add_broadcast_s8(const void* params);
void bl_mul_broadcast_s8(const void* params);

/* The same with a constant as b. */
typedef struct {
  bl_geometry geometry;
  const bl_add_terms* terms;
  const bl_strides* strides;
  const int8_t* constant;
} bl_add_constant_params;

typedef struct {
  bl_geometry geometry;
  const bl_mul_terms* terms;
  const bl_strides* strides;
  const int8_t* constant;
} bl_mul_constant_params;

void bl_add_constant_s8(const void* params);
void bl_mul_constant_s8(const void* params);

/* Any function of one value: QUANTIZE, a lone ReLU, HARD_SWISH, LOGISTIC. In place. */
typedef struct {
  bl_geometry geometry;
  const int8_t* table; /* [256]: the output for the input index - 128 */
} bl_table_params;

void bl_table_s8(const void* params);

/* Softmax over channels. In place. */
typedef struct {
  bl_geometry geometry;
  const int32_t* exp; /* [256]: exp in Q0.31 by max q - q */
} bl_softmax_params;

void bl_softmax_s8(const void* params);

/* Pools; padding does not count in the average. */
typedef struct {
  bl_geometry geometry;
  int32_t kernel_height, kernel_width, stride_height, stride_width;
  int32_t minimum, maximum;
} bl_pool_params;

void bl_average_pool_s8(const void* params);
void bl_max_pool_s8(const void* params);

/* Mean over height, width or both: wherever the output has an extent of 1. Whole. */
typedef struct {
  bl_geometry geometry;
  int32_t mantissa, shift; /* input scale / output scale / number of values */
  int32_t zero_point_input, zero_point_output;
} bl_mean_params;

void bl_mean_s8(const void* params);

/* Frames the input with `value`. Whole. */
typedef struct {
  bl_geometry geometry;
  int32_t top, left; /* Rows above and columns left of the input. */
  int32_t value;
} bl_pad_params;

void bl_pad_s8(const void* params);

/* Copies all elements in order. Whole; in place, where it does nothing. */
typedef struct {
  bl_geometry geometry;
} bl_copy_params;

void bl_copy_s8(const void* params);

/* Copies one input of a concatenation to its place in the output. */
typedef struct {
  bl_geometry geometry;
  int32_t first_row, first_column, first_channel; /* Where in the output. */
} bl_concat_params;

void bl_concat_s8(const void* params);

/* The same for a constant: [rows][columns][channels]; `input` is unused. Whole. */
typedef struct {
  bl_geometry geometry;
  const int8_t* constant;
  int32_t rows, columns, channels;
  int32_t first_row, first_column, first_channel;
} bl_concat_constant_params;

void bl_concat_constant_s8(const void* params);

/* Nearest neighbours by index. Whole. */
typedef struct {
  bl_geometry geometry;
  const uint16_t* rows;    /* [output_height]: the input row of each output row */
  const uint16_t* columns; /* [output_width] */
} bl_resize_params;

void bl_resize_nearest_s8(const void* params);

#ifdef __cplusplus
}
#else
/* Invariant (1) of engine.h: what the generator writes as words has no padding. */
#if UINTPTR_MAX == UINT32_MAX
_Static_assert(sizeof(bl_geometry) == 16 * 4, "bl_geometry");
_Static_assert(sizeof(bl_conv_params) == (16 + 11) * 4, "bl_conv_params");
_Static_assert(sizeof(bl_depthwise_params) == (16 + 11) * 4, "bl_depthwise_params");
_Static_assert(sizeof(bl_fully_connected_params) == (16 + 6) * 4, "bl_fully_connected_params");
_Static_assert(sizeof(bl_add_constant_params) == (16 + 3) * 4, "bl_add_constant_params");
_Static_assert(sizeof(bl_mul_constant_params) == (16 + 3) * 4, "bl_mul_constant_params");
_Static_assert(sizeof(bl_softmax_params) == (16 + 1) * 4, "bl_softmax_params");
_Static_assert(sizeof(bl_pool_params) == (16 + 6) * 4, "bl_pool_params");
_Static_assert(sizeof(bl_mean_params) == (16 + 4) * 4, "bl_mean_params");
_Static_assert(sizeof(bl_pad_params) == (16 + 3) * 4, "bl_pad_params");
_Static_assert(sizeof(bl_concat_constant_params) == (16 + 7) * 4, "bl_concat_constant_params");
_Static_assert(sizeof(bl_resize_params) == (16 + 2) * 4, "bl_resize_params");
#endif
#endif

#endif /* BOARDLOOP_FIRMWARE_ENGINE_KERNELS_H_ */
