/* Parameters of the ARMv7E-M kernels (Cortex-M4 and M7). docs/engine.md explains their packings;
 * firmware/codegen/lower_dsp*.cc writes them and checks every condition that the kernels rely on.
 *
 * All kernels requantize as TFLite does, both roundings, in four instructions:
 *   t = rounding - (sum < 0);  x = (2 * sum * multiplier + t * 2^32 + 2^31) >> 32;  x >> shift
 * where shift >= 1 and rounding = 2^(shift - 1) + (output zero point << shift).
 *
 * Behind a ReLU whose zero is -128 two instructions do: all sums below 0 give -128, and the others
 * round up at ties alone. With the sum shifted left before, by scale = fraction + 1 - shift,
 *   x = ((sum << scale) * multiplier >> 32) + rounding;  x >> fraction, saturated
 * where scale >= 2 and rounding = 2^(fraction - 1) + 2^(scale - 2) + (zero point << fraction). The
 * fraction is a constant, so that the last shift is part of the saturation or of packing. */
#ifndef BOARDLOOP_FIRMWARE_ENGINE_DSP_KERNELS_H_
#define BOARDLOOP_FIRMWARE_ENGINE_DSP_KERNELS_H_

#include "firmware/engine/engine.h"
#include "firmware/engine/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Convolutions, also pointwise, and a fused ADD of the shortcut. The assembly reads these members
 * by offset (dsp/convolution.S). */
typedef struct {
  bl_geometry geometry;
  const int8_t* groups; /* By four output channels: sums' starts, weights, requantization. */
  int32_t depth;        /* Taps of a column: kernel height * width * channels, up to 4k. */
  /* Activation range + 128, repeated in the four bytes; kernels without _clamp ignore it. */
  int32_t lowest, highest;
  /* Fused ADD. The `wide` operand has the larger scale: its multiplier is exactly 1/2. The `narrow`
   * one is requantized to the common scale. */
  int32_t narrow_multiplier, narrow_rounding, narrow_shift;
  int32_t narrow_offset; /* Takes the zero point off: -zero point, and -128 for the convolution. */
  int32_t wide_offset;   /* The same for the other operand, times 2^20. */
  int32_t sum_multiplier, sum_rounding, sum_shift;
  /* Only convolutions with windows. */
  int32_t kernel_height, kernel_width, stride_height, stride_width;
  int32_t input_zero_point;
} bl_convolution_dsp_params;

/* Depthwise convolutions (dsp/depthwise.S). */
typedef struct {
  bl_geometry geometry;
  const int32_t* channels; /* By channel: start of the sum, requantization, taps. */
  int32_t padding;         /* Word of the plane where there is no input. */
  int32_t lowest, highest; /* Activation range; kernels without _clamp ignore it. */
} bl_depthwise_dsp_params;

/* Depthwise convolutions 5x5 and 7x7 of stride 1 (dsp/depthwise_poly.S). */
typedef struct {
  bl_geometry geometry;
  /* By channel: words of the lanes' start (two) and excess, multiplier, rounding; bytes shift,
   * filter row by row; up to words. */
  const int8_t* channels;
  int32_t input_zero_point;
  int32_t lowest, highest; /* Activation range; kernels without _clamp ignore it. */
} bl_depthwise_poly_params;

/* FULLY_CONNECTED (dsp/fully_connected.c). */
typedef struct {
  bl_geometry geometry;
  const uint32_t* groups; /* By four outputs: sums' starts and weights, as for convolutions. */
  const bl_real_channel* channels; /* Multipliers; biases are in the starts. */
  int32_t zero_point_output, minimum, maximum;
} bl_fully_connected_dsp_params;

void bl_fully_connected_s8_dsp(const void* params);

#ifdef __cplusplus
}
#endif

#endif /* BOARDLOOP_FIRMWARE_ENGINE_DSP_KERNELS_H_ */
