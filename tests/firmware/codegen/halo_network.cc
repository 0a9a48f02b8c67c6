#include "tests/firmware/codegen/halo_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/support/status_matchers.h"

namespace boardloop {

HaloNetwork MakeHaloNetwork() {
  GraphBuilder builder("halo");
  int32_t x = builder.Input({16, 16, 3});
  x = builder.Conv("x", x, 4, CenteredWindow(3, 1), Activation::kRelu6);
  const int32_t x_tensor = x;
  const int32_t pool = builder.MaxPool("pool", x, CenteredWindow(5, 1));
  const int32_t wide = builder.Conv("wide", x, 16, Window{}, Activation::kNone);
  Op concat;
  concat.kind = OpKind::kConcat;
  concat.name = "concat";
  concat.inputs = {pool, wide};
  x = builder.Add(concat);
  x = builder.Conv("down", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.Conv("last", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  const Graph graph = *std::move(builder).Build({x});
  HaloNetwork network{RandomModel(graph, 1), {}};
  std::vector<Quantization>& quantization = network.model.quantization;
  for (int32_t tensor : {pool, wide}) {  // Pools and concatenations do not rescale.
    quantization[tensor] = quantization[graph.ops[0].output];
  }
  quantization[graph.ops[3].output] = quantization[pool];
  EXPECT_THAT(ValidateModel(network.model), IsOk());
  PlanOptions options;
  options.sram_limit = 1;  // As small as patches can make it: many tiles.
  options.input = InputMode::kStreamed;
  network.plan = PlanGraph(graph, options).value();
  EXPECT_GT(network.plan.patch.grid, 1);
  EXPECT_THAT(network.plan.placements,
              testing::Contains(testing::AllOf(testing::Field(&Placement::tensor, wide),
                                               testing::Field(&Placement::in_place_of, x_tensor))));
  return network;
}

}  // namespace boardloop
