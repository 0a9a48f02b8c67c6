#include "core/quant/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

std::vector<int8_t> RandomInput(const Graph& graph, uint64_t seed) {
  Random random(seed);
  std::vector<int8_t> values(graph.shape(graph.input).elements());
  for (int8_t& value : values) value = static_cast<int8_t>(random.Between(-128, 127));
  return values;
}

// A stem, `blocks` inverted residuals, average and classifier.
Graph SmallNetwork(int blocks) {
  GraphBuilder builder("small");
  int32_t x = builder.Input({16, 16, 3});
  x = builder.Conv("stem", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  for (int i = 0; i < blocks; ++i) {
    const std::string name = "block" + std::to_string(i);
    const int32_t input = x;
    x = builder.Conv(name + ".expand", x, 24, Window{}, Activation::kRelu6);
    x = builder.Depthwise(name + ".depthwise", x, CenteredWindow(3, 1), Activation::kRelu6);
    x = builder.Conv(name + ".project", x, 8, Window{}, Activation::kNone);
    x = builder.AddTensors(name + ".add", input, x, Activation::kNone);
  }
  x = builder.FullyConnected("classifier", builder.Mean("mean", x), 10);
  return *std::move(builder).Build({x});
}

TEST(InterpreterTest, RefusesAnInputOfTheWrongSize) {
  const Graph graph = SmallNetwork(1);
  const Model model = RandomModel(graph, 1);
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  ASSERT_THAT(interpreter, IsOk());
  EXPECT_THAT(interpreter->Run(std::vector<int8_t>(5)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("16x16x3")));
}

TEST(InterpreterTest, RefusesAnInvalidModel) {
  Model model = RandomModel(SmallNetwork(1), 1);
  model.quantization[0].scale = 0;
  EXPECT_THAT(Interpreter::Create(model), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(InterpreterTest, NamesTheOperatorWhoseScalesAreOutOfRange) {
  Model model = RandomModel(SmallNetwork(1), 1);
  model.weights[1].filter_scales[3] = 1e30f;
  EXPECT_THAT(Interpreter::Create(model),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::AllOf(HasSubstr("block0.expand"), HasSubstr("channel 3"))));
}

TEST(InterpreterTest, RefusesActivationsBeyondItsMemory) {
  GraphBuilder builder("huge");
  const int32_t input = builder.Input({32768, 32768, 2});
  Op op;
  op.kind = OpKind::kReshape;
  op.name = "reshape";
  op.inputs = {input};
  op.reshape = {32768, 2, 32768};
  const int32_t output = builder.Add(op);
  absl::StatusOr<Graph> graph = std::move(builder).Build({output});
  ASSERT_THAT(graph, IsOk());
  EXPECT_THAT(Interpreter::Create(RandomModel(*graph, 1)),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(InterpreterTest, RefusesPaddingBeyondItsMemory) {
  GraphBuilder builder("padded");
  Window window{1, 1, 60000, 60000, 60000, 0, 60000, 0};
  const int32_t output =
      builder.Conv("conv", builder.Input({1, 1, 1}), 1, window, Activation::kNone);
  absl::StatusOr<Graph> graph = std::move(builder).Build({output});
  ASSERT_THAT(graph, IsOk());
  EXPECT_THAT(Interpreter::Create(RandomModel(*graph, 1)),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("conv")));
}

TEST(InterpreterTest, RunsAreIndependent) {
  const Graph graph = SmallNetwork(2);
  const Model model = RandomModel(graph, 1);
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  ASSERT_THAT(interpreter, IsOk());
  ASSERT_THAT(interpreter->Run(RandomInput(graph, 1)), IsOk());
  const std::vector<int8_t> first(interpreter->Output().begin(), interpreter->Output().end());
  ASSERT_THAT(interpreter->Run(RandomInput(graph, 2)), IsOk());
  ASSERT_THAT(interpreter->Run(RandomInput(graph, 1)), IsOk());
  EXPECT_EQ(interpreter->Output(), absl::MakeConstSpan(first));
}

TEST(InterpreterTest, InnerTensorsCanBeRead) {
  const Graph graph = SmallNetwork(1);
  const Model model = RandomModel(graph, 1);
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  ASSERT_THAT(interpreter, IsOk());
  ASSERT_THAT(interpreter->Run(RandomInput(graph, 1)), IsOk());
  for (const Op& op : graph.ops) {
    EXPECT_EQ(static_cast<int64_t>(interpreter->Tensor(op.output).size()),
              graph.output_shape(op).elements());
  }
}

TEST(InterpreterTest, SurvivesBeingMoved) {
  const Graph graph = SmallNetwork(1);
  const Model model = RandomModel(graph, 1);
  absl::StatusOr<Interpreter> created = Interpreter::Create(model);
  ASSERT_THAT(created, IsOk());
  Interpreter moved = *std::move(created);
  EXPECT_THAT(moved.Run(RandomInput(graph, 1)), IsOk());
}

TEST(RandomModelTest, TheSameSeedGivesTheSameModel) {
  const Graph graph = SmallNetwork(2);
  const Model a = RandomModel(graph, 7);
  const Model b = RandomModel(graph, 7);
  const Model c = RandomModel(graph, 8);
  EXPECT_EQ(a.weights[0].filter, b.weights[0].filter);
  EXPECT_NE(a.weights[0].filter, c.weights[0].filter);
}

TEST(RandomModelTest, IsValid) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_THAT(ValidateModel(RandomModel(SmallNetwork(3), seed)), IsOk()) << "seed " << seed;
  }
}

// Values must neither vanish nor saturate, however deep the network, or a wrong kernel in the last
// layers would go unnoticed.
TEST(RandomModelTest, ActivationsKeepTheirSpreadThroughADeepNetwork) {
  const Graph graph = SmallNetwork(20);
  const Model model = RandomModel(graph, 3);
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  ASSERT_THAT(interpreter, IsOk());
  ASSERT_THAT(interpreter->Run(RandomInput(graph, 4)), IsOk());
  for (const Op& op : graph.ops) {
    const absl::Span<const int8_t> values = interpreter->Tensor(op.output);
    const std::set<int8_t> distinct(values.begin(), values.end());
    const size_t wanted = std::min<size_t>(values.size() / 2, 20);
    EXPECT_GE(distinct.size(), wanted) << op.name;
    const auto clipped = std::count_if(values.begin(), values.end(), [&op](int8_t q) {
      return q == 127 || (q == -128 && op.activation == Activation::kNone);
    });
    EXPECT_LE(clipped, static_cast<int64_t>(values.size()) / 4) << op.name;
  }
}

}  // namespace
}  // namespace boardloop
