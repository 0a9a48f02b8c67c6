// What an exported file says, read back as the messages that it is made of.

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/onnx/onnx.h"
#include "core/onnx/onnx.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/tflite/small_networks.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A parsed file, and its values by name.
struct Parsed {
  explicit Parsed(const Model& model) {
    const absl::StatusOr<std::string> bytes = ExportOnnx(model);
    EXPECT_THAT(bytes, IsOk());
    EXPECT_TRUE(file.ParseFromString(bytes.ok() ? *bytes : ""));
    for (const onnx::TensorProto& constant : file.graph().initializer()) {
      constants[constant.name()] = &constant;
    }
    for (const onnx::NodeProto& node : file.graph().node()) {
      for (const std::string& output : node.output()) makers[output] = &node;
      types.push_back(node.op_type());
    }
  }

  template <typename T>
  std::vector<T> Values(const std::string& name) const {
    const auto constant = constants.find(name);
    if (constant == constants.end()) {
      ADD_FAILURE() << "no constant " << name;
      return {};
    }
    const std::string& raw = constant->second->raw_data();
    std::vector<T> values(raw.size() / sizeof(T));
    std::memcpy(values.data(), raw.data(), values.size() * sizeof(T));
    return values;
  }

  // The only node of that type.
  const onnx::NodeProto& Node(const std::string& type) const {
    const onnx::NodeProto* found = nullptr;
    for (const onnx::NodeProto& node : file.graph().node()) {
      if (node.op_type() != type) continue;
      EXPECT_EQ(found, nullptr) << "two nodes " << type;
      found = &node;
    }
    EXPECT_NE(found, nullptr) << "no node " << type;
    return found != nullptr ? *found : onnx::NodeProto::default_instance();
  }

  onnx::ModelProto file;
  std::map<std::string, const onnx::TensorProto*> constants;
  std::map<std::string, const onnx::NodeProto*> makers;
  std::vector<std::string> types;
};

const onnx::AttributeProto& Attribute(const onnx::NodeProto& node, const std::string& name) {
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.name() == name) return attribute;
  }
  ADD_FAILURE() << node.op_type() << " has no attribute " << name;
  return onnx::AttributeProto::default_instance();
}

std::vector<int64_t> DimsOf(const onnx::ValueInfoProto& value) {
  std::vector<int64_t> dims;
  for (const auto& dim : value.type().tensor_type().shape().dim()) dims.push_back(dim.dim_value());
  return dims;
}

// Every name is defined once, before it is read.
void ExpectWellFormed(const onnx::GraphProto& graph) {
  std::set<std::string> known;
  for (const auto& input : graph.input()) EXPECT_TRUE(known.insert(input.name()).second);
  for (const auto& constant : graph.initializer()) {
    EXPECT_TRUE(known.insert(constant.name()).second) << constant.name();
    int64_t bytes = constant.data_type() == onnx::TensorProto::INT8    ? 1
                    : constant.data_type() == onnx::TensorProto::INT64 ? 8
                                                                       : 4;
    for (const int64_t dim : constant.dims()) bytes *= dim;
    EXPECT_EQ(bytes, static_cast<int64_t>(constant.raw_data().size())) << constant.name();
  }
  std::set<std::string> nodes;
  for (const onnx::NodeProto& node : graph.node()) {
    EXPECT_TRUE(nodes.insert(node.name()).second) << node.name();
    for (const std::string& input : node.input()) {
      EXPECT_TRUE(input.empty() || known.count(input) == 1) << node.name() << " reads " << input;
    }
    for (const std::string& output : node.output()) {
      EXPECT_TRUE(known.insert(output).second) << output << " is made twice";
    }
  }
  std::set<std::string> outputs;
  for (const auto& output : graph.output()) {
    EXPECT_EQ(known.count(output.name()), 1u) << output.name();
    EXPECT_TRUE(outputs.insert(output.name()).second) << output.name() << " is output twice";
  }
}

TEST(ExportOnnxTest, EachOperatorIsWritten) {
  for (const std::string& name : SmallNetworkNames()) {
    SCOPED_TRACE(name);
    ExpectWellFormed(Parsed(SmallNetwork(name)).file.graph());
  }
}

TEST(ExportOnnxTest, RandomGraphsAreWritten) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    const Model model = RandomModel(RandomGraph(seed), seed);
    const Parsed parsed(model);
    ExpectWellFormed(parsed.file.graph());
    EXPECT_EQ(parsed.file.graph().output_size(), static_cast<int>(model.graph.outputs.size()));
  }
}

TEST(ExportOnnxTest, EqualModelsGiveEqualBytes) {
  const Model model = SmallNetwork("classifier");
  EXPECT_EQ(ExportOnnx(model).value(), ExportOnnx(model).value());
}

TEST(ExportOnnxTest, TheFileSaysItsVersions) {
  const onnx::ModelProto file = Parsed(SmallNetwork("mean")).file;
  EXPECT_EQ(file.ir_version(), 7);
  ASSERT_EQ(file.opset_import_size(), 1);
  EXPECT_EQ(file.opset_import(0).version(), 13);
}

TEST(ExportOnnxTest, InputIsAnImageAndAVectorHasTwoDimensions) {
  const Model model = SmallNetwork("classifier");  // 6x6x3 to 5 classes.
  const onnx::GraphProto graph = Parsed(model).file.graph();
  ASSERT_EQ(graph.input_size(), 1);
  EXPECT_EQ(graph.input(0).name(), model.graph.tensors[model.graph.input].name);
  EXPECT_THAT(DimsOf(graph.input(0)), ElementsAre(1, 3, 6, 6));
  ASSERT_EQ(graph.output_size(), 1);
  EXPECT_EQ(graph.output(0).name(), model.graph.tensors[model.graph.outputs[0]].name);
  EXPECT_THAT(DimsOf(graph.output(0)), ElementsAre(1, 5));
}

// Scale and zero point of each tensor are those of the Dequantize that makes its real values.
TEST(ExportOnnxTest, QuantizationIsTheModels) {
  const Model model = SmallNetwork("classifier");
  const Parsed parsed(model);
  for (size_t t = 0; t < model.graph.tensors.size(); ++t) {
    const std::string& name = model.graph.tensors[t].name;
    EXPECT_THAT(parsed.Values<float>(name + "/scale"), ElementsAre(model.quantization[t].scale));
    EXPECT_THAT(parsed.Values<int8_t>(name + "/zero_point"),
                ElementsAre(model.quantization[t].zero_point));
    const auto apart = parsed.makers.find(name + "/dequantized");
    const onnx::NodeProto* maker =
        apart != parsed.makers.end() ? apart->second : parsed.makers.at(name);
    EXPECT_EQ(maker->op_type(), "DequantizeLinear");
    EXPECT_THAT(maker->input(),
                ElementsAre(name + "/quantized", name + "/scale", name + "/zero_point"));
  }
}

TEST(ExportOnnxTest, WeightsAreTheModelsWithChannelsFirst) {
  const Model model = SmallNetwork("conv_same");  // 4 filters of 3x3x3.
  const Parsed parsed(model);
  const OpWeights& weights = model.weights[0];
  const std::string name = model.graph.tensors[model.graph.ops[0].output].name;
  EXPECT_THAT(parsed.constants.at(name + "/filter/quantized")->dims(), ElementsAre(4, 3, 3, 3));
  const std::vector<int8_t> filter = parsed.Values<int8_t>(name + "/filter/quantized");
  for (int out = 0; out < 4; ++out) {
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 3; ++x) {
        for (int in = 0; in < 3; ++in) {
          ASSERT_EQ(filter[((out * 3 + in) * 3 + y) * 3 + x],
                    weights.filter[((out * 3 + y) * 3 + x) * 3 + in]);
        }
      }
    }
  }
  EXPECT_EQ(parsed.Values<float>(name + "/filter/scale"), weights.filter_scales);
  EXPECT_EQ(parsed.Values<int32_t>(name + "/bias/quantized"), weights.bias);
  std::vector<float> bias_scales;
  for (const float scale : weights.filter_scales) {
    bias_scales.push_back(model.quantization[model.graph.input].scale * scale);
  }
  EXPECT_EQ(parsed.Values<float>(name + "/bias/scale"), bias_scales);
  EXPECT_EQ(Attribute(*parsed.makers.at(name + "/filter"), "axis").i(), 0);
}

TEST(ExportOnnxTest, DepthwiseHasAGroupForEachInputChannel) {
  const Parsed parsed(SmallNetwork("depthwise_multiplier"));  // 3 channels to 6.
  const onnx::NodeProto& conv = parsed.Node("Conv");
  EXPECT_EQ(Attribute(conv, "group").i(), 3);
  EXPECT_THAT(parsed.constants.at(conv.input(1) + "/quantized")->dims(), ElementsAre(6, 1, 3, 3));
}

TEST(ExportOnnxTest, PaddingIsTopLeftBottomRight) {
  const Parsed parsed(SmallNetwork("conv_padded_unevenly"));  // 1 above, 2 to the left, 3 right.
  EXPECT_THAT(Attribute(parsed.Node("Conv"), "pads").ints(), ElementsAre(1, 2, 0, 3));
}

// The columns of a fully connected layer's filter follow its input, which is flattened.
TEST(ExportOnnxTest, FullyConnectedReadsAnImageChannelsFirst) {
  const Model model = SmallNetwork("dense_of_image");  // 3x2x4 to 5.
  const Parsed parsed(model);
  const std::vector<int8_t> filter =
      parsed.Values<int8_t>(parsed.Node("Gemm").input(1) + "/quantized");
  for (int out = 0; out < 5; ++out) {
    for (int pixel = 0; pixel < 6; ++pixel) {
      for (int channel = 0; channel < 4; ++channel) {
        ASSERT_EQ(filter[out * 24 + channel * 6 + pixel],
                  model.weights[0].filter[out * 24 + pixel * 4 + channel]);
      }
    }
  }
}

// ---- Activations.

Model ConvWith(Activation activation, const Quantization& output) {
  GraphBuilder builder("conv");
  const int32_t input = builder.Input({2, 2, 3});
  const int32_t conv = builder.Conv("conv", input, 4, CenteredWindow(1, 1), activation);
  Model model = RandomModel(std::move(builder).Build({conv}).value(), 1);
  model.quantization[conv] = output;
  return model;
}

TEST(ExportOnnxTest, AnActivationThatInt8ImpliesIsLeftOut) {
  EXPECT_THAT(Parsed(ConvWith(Activation::kRelu, {0.1f, -128})).types, Not(Contains("Relu")));
  EXPECT_THAT(Parsed(ConvWith(Activation::kRelu6, {6.0f / 255, -128})).types,
              Not(Contains("Clip")));
}

TEST(ExportOnnxTest, AnActivationThatInt8DoesNotImplyIsWritten) {
  EXPECT_THAT(Parsed(ConvWith(Activation::kRelu, {0.1f, -3})).types, Contains("Relu"));
  const Parsed parsed(ConvWith(Activation::kRelu6, {0.1f, -128}));
  const onnx::NodeProto& clip = parsed.Node("Clip");
  EXPECT_THAT(parsed.Values<float>(clip.input(1)), ElementsAre(0));
  EXPECT_THAT(parsed.Values<float>(clip.input(2)), ElementsAre(6));
}

// ---- Shapes and pixels.

TEST(ExportOnnxTest, ReshapeKeepsTheOrderOfChannelsLast) {
  GraphBuilder builder("reshape");
  Op op;
  op.kind = OpKind::kReshape;
  op.name = "reshape";
  op.inputs = {builder.Input({2, 3, 4})};
  op.reshape = {6, 2, 2};
  const int32_t output = builder.Add(op);
  const Parsed parsed(RandomModel(std::move(builder).Build({output}).value(), 1));
  EXPECT_THAT(parsed.types,
              ElementsAre("QuantizeLinear", "DequantizeLinear", "Transpose", "Reshape", "Transpose",
                          "QuantizeLinear", "DequantizeLinear"));
}

Model Resized(int32_t from, int32_t to, bool corners, bool centers) {
  GraphBuilder builder("resize");
  Op op;
  op.kind = OpKind::kResizeNearest;
  op.name = "resize";
  op.inputs = {builder.Input({from, from, 2})};
  op.reshape = {to, to, 2};
  op.align_corners = corners;
  op.half_pixel_centers = centers;
  const int32_t output = builder.Add(op);
  return RandomModel(std::move(builder).Build({output}).value(), 1);
}

TEST(ExportOnnxTest, RepeatedPixelsAreAResize) {
  for (const bool centers : {false, true}) {
    const Parsed parsed(Resized(4, 8, false, centers));
    EXPECT_THAT(parsed.Values<float>(parsed.Node("Resize").input(2)), ElementsAre(1, 1, 2, 2));
  }
}

TEST(ExportOnnxTest, OtherResizesNameThePixels) {
  const Parsed parsed(Resized(4, 3, true, false));  // Corners on corners: 0, 1.5 (up), 3.
  EXPECT_THAT(parsed.Values<int64_t>("resize/rows/indices"), ElementsAre(0, 2, 3));
  EXPECT_THAT(parsed.Values<int64_t>("resize/columns/indices"), ElementsAre(0, 2, 3));
}

// ---- Odd models.

TEST(ExportOnnxTest, EqualAndEmptyNamesAreMadeUnique) {
  Model model = SmallNetwork("squeeze_and_excite");
  for (size_t t = 0; t < model.graph.tensors.size(); ++t) {
    model.graph.tensors[t].name = t % 2 == 0 ? "" : "x/scale";
  }
  ExpectWellFormed(Parsed(model).file.graph());
}

TEST(ExportOnnxTest, AnOutputMayBeTheInputAndMayComeTwice) {
  Model model = SmallNetwork("classifier");
  const int32_t last = model.graph.outputs[0];
  model.graph.outputs = {last, model.graph.input, last};
  const Parsed parsed(model);
  ExpectWellFormed(parsed.file.graph());
  EXPECT_EQ(parsed.file.graph().output_size(), 3);
}

TEST(ExportOnnxTest, AnInvalidModelIsRefused) {
  Model model = SmallNetwork("conv_same");
  model.weights[0].filter.pop_back();
  EXPECT_THAT(ExportOnnx(model),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a filter of 107 values")));
}

}  // namespace
}  // namespace boardloop
