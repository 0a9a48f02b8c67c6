#include "core/plan/tiles.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/core/plan/networks.h"
#include "tests/support/random_graph.h"

namespace boardloop {
namespace {

constexpr char kMobileNetV2[] = "mobilenet_v2:width=1,res=224,classes=1000";

// Stem and first four inverted blocks: where MCUNetV2 patches MobileNetV2.
Prefix FirstBlocks(const Graph& graph, const Schedule& schedule, int32_t blocks) {
  for (const Prefix& prefix : TiledPrefixes(graph, schedule)) {
    if (prefix.blocks == blocks) return prefix;
  }
  ADD_FAILURE() << "no prefix of " << blocks << " blocks";
  return {};
}

TEST(TilesTest, MobileNetV2HasThePapersHalo) {
  Graph graph = ReferenceGraph(kMobileNetV2);
  Schedule schedule = MakeSchedule(graph);
  TileStage stage = MakeTileStage(graph, schedule, FirstBlocks(graph, schedule, 5), 4);
  EXPECT_EQ(graph.shape(schedule.steps[stage.prefix.steps - 1].writes), (Shape{28, 28, 32}));
  EXPECT_EQ(LargestTile(graph, stage, graph.input).height, 75);
  // 328.7 M where tiles are clipped at the border (the paper rounds to 330 M, +10 %).
  EXPECT_NEAR(static_cast<double>(TiledMacs(graph, schedule, stage)), 328.7e6, 0.1e6);
}

TEST(TilesTest, OneTileIsTheWholeNetwork) {
  Graph graph = Vww1();
  Schedule schedule = MakeSchedule(graph);
  for (const Prefix& prefix : TiledPrefixes(graph, schedule)) {
    TileStage stage = MakeTileStage(graph, schedule, prefix, 1);
    EXPECT_EQ(TiledMacs(graph, schedule, stage), Measure(graph).macs);
    EXPECT_EQ(LargestTile(graph, stage, graph.input), graph.shape(graph.input));
  }
}

TEST(TilesTest, PrefixesEndWithBlocks) {
  Graph graph = Vww1();
  Schedule schedule = MakeSchedule(graph);
  std::vector<Prefix> prefixes = TiledPrefixes(graph, schedule);
  // Stem, first separable block, 14 inverted blocks; behind them the mean is not local.
  ASSERT_EQ(prefixes.size(), 16u);
  EXPECT_EQ(prefixes[0].steps, 1);
  EXPECT_EQ(prefixes[1].steps, 3);
  EXPECT_EQ(prefixes[2].steps, 6);
}

TEST(TilesTest, SeparableNetworksWithoutExpansionHaveBlocks) {
  GraphBuilder builder("mobilenet_v1");
  int32_t x = builder.Input({32, 32, 3});
  x = builder.Conv("stem", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  for (const char* name : {"a", "b", "c"}) {
    x = builder.Depthwise(name, x, CenteredWindow(3, 1), Activation::kRelu6);
    x = builder.Conv(name, x, 16, CenteredWindow(1, 1), Activation::kRelu6);
  }
  x = builder.Mean("mean", x);
  absl::StatusOr<Graph> graph = std::move(builder).Build({x});
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(TiledPrefixes(*graph, MakeSchedule(*graph)).size(), 4u);
}

TEST(TilesTest, AConstantHasNoTiles) {
  GraphBuilder builder("positions");
  int32_t in = builder.Input({32, 32, 3});
  int32_t positions = builder.Constant({32, 32, 1}, "positions");
  Op concat;
  concat.kind = OpKind::kConcat;
  concat.name = "concat";
  concat.inputs = {in, positions};
  int32_t x = builder.Add(concat);
  x = builder.Conv("stem", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.Mean("mean", x);
  absl::StatusOr<Graph> graph = std::move(builder).Build({x});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(TiledPrefixes(*graph, MakeSchedule(*graph)).empty());
}

// By definition: which elements (of one row of the image) does an output range depend on?
void CheckAgainstDependencies(const Graph& graph, const Schedule& schedule,
                              const TileStage& stage) {
  for (int32_t tile = 0; tile < stage.grid; ++tile) {
    const Range* rows = &stage.rows[tile * graph.tensors.size()];
    std::vector<std::vector<bool>> needed(graph.tensors.size());
    for (size_t t = 0; t < needed.size(); ++t) {
      needed[t].assign(graph.tensors[t].shape.height, false);
    }
    int32_t last = schedule.steps[stage.prefix.steps - 1].writes;
    for (int32_t y = rows[last].begin; y < rows[last].end; ++y) needed[last][y] = true;
    for (int32_t s = stage.prefix.steps - 1; s >= 0; --s) {
      for (auto it = schedule.steps[s].ops.rbegin(); it != schedule.steps[s].ops.rend(); ++it) {
        const Op& op = graph.ops[*it];
        bool window = op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d ||
                      op.kind == OpKind::kMaxPool;
        for (size_t y = 0; y < needed[op.output].size(); ++y) {
          if (!needed[op.output][y]) continue;
          int32_t begin = window ? static_cast<int32_t>(y) * op.window.stride_h - op.window.pad_top
                                 : static_cast<int32_t>(y);
          int32_t end = begin + (window ? op.window.kernel_h : 1);
          for (int32_t input : op.inputs) {
            for (int32_t i = std::max(begin, 0); i < std::min(end, graph.shape(input).height);
                 ++i) {
              needed[input][i] = true;
            }
          }
        }
      }
    }
    for (size_t t = 0; t < needed.size(); ++t) {
      for (int32_t y = 0; y < graph.tensors[t].shape.height; ++y) {
        bool inside = rows[t].begin <= y && y < rows[t].end;
        EXPECT_TRUE(inside || !needed[t][y]) << "tensor " << t << " row " << y;
      }
      if (rows[t].size() == 0) continue;
      // Tight: the first and last row are needed. (A range is one piece, its middle may not be; and
      // a window wholly in the padding keeps one row.)
      if (rows[t].size() > 1) {
        EXPECT_TRUE(needed[t][rows[t].begin]) << "tensor " << t;
        EXPECT_TRUE(needed[t][rows[t].end - 1]) << "tensor " << t;
      }
    }
  }
}

TEST(TilesTest, TilesHoldWhatTheirOutputsDependOn) {
  int checked = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Graph graph = RandomGraph(seed, {.ops = 10, .max_extent = 40, .branch = 0.15});
    Schedule schedule = MakeSchedule(graph);
    for (const Prefix& prefix : TiledPrefixes(graph, schedule)) {
      const Shape& end = graph.shape(schedule.steps[prefix.steps - 1].writes);
      for (int32_t grid = 2; grid <= std::min({4, end.height, end.width}); ++grid) {
        CheckAgainstDependencies(graph, schedule, MakeTileStage(graph, schedule, prefix, grid));
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 300);
}

TEST(TilesTest, TilesCoverTheirTensorOnce) {
  Graph graph = In3();
  Schedule schedule = MakeSchedule(graph);
  for (const Prefix& prefix : TiledPrefixes(graph, schedule)) {
    int32_t last = schedule.steps[prefix.steps - 1].writes;
    if (graph.shape(last).height < 3) continue;
    TileStage stage = MakeTileStage(graph, schedule, prefix, 3);
    int32_t row = 0;
    for (int32_t tile = 0; tile < 3; ++tile) {
      EXPECT_EQ(stage.rows[tile * graph.tensors.size() + last].begin, row);
      row = stage.rows[tile * graph.tensors.size() + last].end;
    }
    EXPECT_EQ(row, graph.shape(last).height);
  }
}

}  // namespace
}  // namespace boardloop
