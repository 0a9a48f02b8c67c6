/* FULLY_CONNECTED for ARMv7E-M: int8, four outputs at a time, weights packed as convolution.S has
 * them: a word sums 256 b + a over two inputs, its even bytes alone a. The input is widened on the
 * way: it needs no scratch. Multipliers are real, see real_scale.h. */
#include <arm_acle.h>
#include <string.h>

#include "firmware/engine/dsp_kernels.h"
#include "firmware/engine/real_scale.h"
#include "firmware/engine/requantize.h"

/* Sums of outputs a, 256 b + a, c, 256 d + c. */
typedef struct {
  int32_t a, raw_b, c, raw_d;
} sums;

/* Two inputs with two words of weights. */
static inline void add_pair(sums* s, int16x2_t input, const uint32_t* weights) {
  s->raw_b = __smlad(input, (int16x2_t)weights[0], s->raw_b);
  s->raw_d = __smlad(input, (int16x2_t)weights[1], s->raw_d);
  s->a = __smlad(input, __sxtb16((int8x4_t)weights[0]), s->a);
  s->c = __smlad(input, __sxtb16((int8x4_t)weights[1]), s->c);
}

void bl_fully_connected_s8_dsp(const void* params) {
  const bl_fully_connected_dsp_params* p = params;
  const bl_geometry* g = &p->geometry;
  const int32_t elements = g->input_height * g->input_width * g->input_channels;
  const uint32_t* stream = p->groups;
  for (int32_t first = 0; first < g->output_channels; first += 4) {
    sums s = {(int32_t)stream[0], (int32_t)stream[1], (int32_t)stream[2], (int32_t)stream[3]};
    stream += 4;
    const int8_t* input = g->input;
    for (int32_t words = elements / 4; words > 0; --words) {
      uint32_t four;
      memcpy(&four, input, sizeof(four));
      add_pair(&s, __sxtb16((int8x4_t)four), stream);
      add_pair(&s, __sxtb16((int8x4_t)(four >> 8 | four << 24)), stream + 2);
      input += 4;
      stream += 4;
    }
    /* What is left over stands as neighbours. */
    int8_t rest[4] = {0, 0, 0, 0};
    for (int32_t i = 0; i < elements % 4; ++i) rest[i] = input[i];
    for (int32_t i = 0; i < elements % 4; i += 2) {
      add_pair(&s, (int16x2_t)((rest[i] & 0xffff) | (int32_t)((uint32_t)rest[i + 1] << 16)),
               stream);
      stream += 2;
    }
    stream += elements % 4 == 1 || elements % 4 == 2 ? 2 : 0;

    const int32_t outputs[4] = {s.a, (s.raw_b - s.a) >> 8, s.c, (s.raw_d - s.c) >> 8};
    for (int32_t i = 0; i < 4 && first + i < g->output_channels; ++i) {
      const int32_t scaled = bl_real_scale(outputs[i], &p->channels[first + i]);
      g->output[first + i] = bl_clamp(scaled + p->zero_point_output, p->minimum, p->maximum);
    }
  }
}
