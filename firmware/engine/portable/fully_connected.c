#include "firmware/engine/kernels.h"
#include "firmware/engine/real_scale.h"
#include "firmware/engine/requantize.h"

void bl_fully_connected_s8(const void* params) {
  const bl_fully_connected_params* p = params;
  const bl_geometry* g = &p->geometry;
  const int32_t elements = g->input_height * g->input_width * g->input_channels;
  const int32_t zero_point = p->zero_point_input;
  const int8_t* filter = p->filter;
  for (int32_t c = 0; c < g->output_channels; ++c, filter += elements) {
    int32_t sum = p->channels[c].bias;
    for (int32_t i = 0; i < elements; ++i) sum += (g->input[i] - zero_point) * filter[i];
    g->output[c] = bl_clamp(bl_real_scale(sum, &p->channels[c]) + p->zero_point_output, p->minimum,
                            p->maximum);
  }
}
