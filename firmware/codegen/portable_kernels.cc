#include "firmware/codegen/kernel_catalog.h"

namespace boardloop {

const std::vector<KernelObject>& PortableKernelObjects() {
  static const auto* objects = new std::vector<KernelObject>{
      {"convolution",
       "firmware/engine/portable/convolution.c",
       {},
       {"bl_conv_s8", "bl_conv_add_s8"}},
      {"depthwise", "firmware/engine/portable/depthwise.c", {}, {"bl_depthwise_s8"}},
      {"fully_connected",
       "firmware/engine/portable/fully_connected.c",
       {},
       {"bl_fully_connected_s8"}},
      {"elementwise",
       "firmware/engine/portable/elementwise.c",
       {},
       {"bl_add_s8", "bl_add_broadcast_s8", "bl_add_constant_s8", "bl_mul_s8",
        "bl_mul_broadcast_s8", "bl_mul_constant_s8"}},
      {"activations",
       "firmware/engine/portable/activations.c",
       {},
       {"bl_table_s8", "bl_softmax_s8"}},
      {"pooling",
       "firmware/engine/portable/pooling.c",
       {},
       {"bl_average_pool_s8", "bl_max_pool_s8", "bl_mean_s8"}},
      {"layout",
       "firmware/engine/portable/layout.c",
       {},
       {"bl_copy_s8", "bl_pad_s8", "bl_concat_s8", "bl_concat_constant_s8",
        "bl_resize_nearest_s8"}},
  };
  return *objects;
}

}  // namespace boardloop
