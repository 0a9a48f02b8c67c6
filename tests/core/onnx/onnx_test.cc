#include "core/onnx/onnx.h"

#include <set>
#include <string>

#include "core/graph/build_subnet.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "onnx.pb.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

onnx::Model Parse(const std::string& bytes) {
  onnx::Model file;
  EXPECT_TRUE(file.ParseFromString(bytes));
  return file;
}

// Each value is made once, and before it is read.
void ExpectExecutable(const onnx::Graph& graph) {
  std::set<std::string> known = {""};
  const auto add = [&](const std::string& name) {
    EXPECT_TRUE(known.insert(name).second) << name << " is made twice";
  };
  for (const onnx::Value& input : graph.input()) add(input.name());
  for (const onnx::Tensor& tensor : graph.initializer()) add(tensor.name());
  for (const onnx::Node& node : graph.node()) {
    for (const std::string& input : node.input()) EXPECT_EQ(known.count(input), 1) << input;
    for (const std::string& output : node.output()) add(output);
  }
  for (const onnx::Value& output : graph.output()) EXPECT_EQ(known.count(output.name()), 1);
}

TEST(OnnxTest, RandomModelsAreExecutableGraphs) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const absl::StatusOr<std::string> bytes = ExportOnnx(RandomModel(RandomGraph(seed), seed));
    ASSERT_THAT(bytes, IsOk());
    ExpectExecutable(Parse(*bytes).graph());
  }
}

TEST(OnnxTest, ASubnetHasItsWeightsInOnnxsLayout) {
  const Space space = SpacePreset("mbv2-small-image").value();
  const Model model = RandomModel(BuildSubnet(space, SmallestSubnet(space, 0.2, 28)).value(), 1);
  const onnx::Model file = Parse(ExportOnnx(model).value());
  ASSERT_EQ(file.opset_import_size(), 1);
  EXPECT_EQ(file.opset_import(0).version(), 13);
  bool found = false;
  for (const onnx::Tensor& tensor : file.graph().initializer()) {
    if (tensor.name().find("stem.filter.int8") != 0) continue;
    found = true;
    EXPECT_THAT(tensor.dims(), ElementsAre(8, 3, 3, 3));
    // Output 1, input 2, row 0, column 1; the model's layout is [out][kh][kw][in].
    EXPECT_EQ(static_cast<int8_t>(tensor.raw_data()[1 * 27 + 2 * 9 + 1]),
              model.weights[0].filter[1 * 27 + 1 * 3 + 2]);
  }
  EXPECT_TRUE(found);
  EXPECT_THAT(file.graph().input(0).type().tensor_type().shape().dim_size(), 4);
  EXPECT_THAT(file.graph().output(0).type().tensor_type().shape().dim_size(), 2);
}

TEST(OnnxTest, AnInvalidModelIsRefused) {
  Model model = RandomModel(RandomGraph(1), 1);
  model.quantization[0].scale = 0;
  EXPECT_THAT(ExportOnnx(model),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("scale 0")));
}

}  // namespace
}  // namespace boardloop
