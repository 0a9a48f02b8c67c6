#include "core/graph/model_proto.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/tflite/small_networks.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

Model Copy(const Model& model) {
  absl::StatusOr<Model> copy = ParseModel(SerializeModel(model), "copy");
  EXPECT_THAT(copy, IsOk());
  return copy.ok() ? *copy : Model();
}

TEST(ModelProtoTest, EachOperatorComesBackAsItWas) {
  for (const std::string& name : SmallNetworkNames()) {
    SCOPED_TRACE(name);
    const Model model = SmallNetwork(name);
    EXPECT_EQ(ModelText(Copy(model)), ModelText(model));
  }
}

TEST(ModelProtoTest, RandomGraphsComeBackAsTheyWere) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    const Model model = RandomModel(RandomGraph(seed), seed);
    const std::string bytes = SerializeModel(model);
    const Model copy = Copy(model);
    EXPECT_EQ(ModelText(copy), ModelText(model));
    EXPECT_EQ(SerializeModel(copy), bytes);
  }
}

TEST(ModelProtoTest, NamesAreMadePrintable) {
  Model model = SmallNetwork("conv_same");
  model.graph.name = "caf\xc3\xa9 \"x\"\n";
  model.graph.ops[0].name = std::string(600, 'a');
  const Model copy = Copy(model);
  EXPECT_EQ(copy.graph.name, "caf__ _x__");
  EXPECT_EQ(copy.graph.ops[0].name, std::string(512, 'a'));
}

// ---- What is refused.

v1::Model Classifier() { return ModelToProto(SmallNetwork("classifier")); }

TEST(ModelFromProtoTest, AnotherFormatVersionIsNotSupported) {
  v1::Model proto = Classifier();
  proto.set_format_version(2);
  EXPECT_THAT(ModelFromProto(proto),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("version 2")));
  EXPECT_THAT(ModelFromProto(v1::Model()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("version 0")));
}

struct Damage {
  std::string message;  // Part of the error's.
  std::function<void(v1::Model&)> make;
};

// Operators of the classifier: 0 CONV_2D, 1 MEAN, 2 FULLY_CONNECTED, 3 SOFTMAX.
std::vector<Damage> Damages() {
  using M = v1::Model;
  return {
      {"kind 0", [](M& m) { m.mutable_ops(0)->clear_kind(); }},
      {"kind 99", [](M& m) { m.mutable_ops(0)->set_kind(static_cast<M::OpKind>(99)); }},
      {"activation 0", [](M& m) { m.mutable_ops(0)->clear_activation(); }},
      {"SOFTMAX with the activation RELU6",
       [](M& m) { m.mutable_ops(3)->set_activation(M::ACTIVATION_RELU6); }},
      {"axis 7", [](M& m) { m.mutable_ops(1)->set_axis(static_cast<M::Axis>(7)); }},
      {"axis is missing", [](M& m) { m.mutable_ops(1)->clear_axis(); }},
      {"axis is set", [](M& m) { m.mutable_ops(0)->set_axis(M::AXIS_WIDTH); }},
      {"window is missing", [](M& m) { m.mutable_ops(0)->clear_window(); }},
      {"window is set", [](M& m) { m.mutable_ops(2)->mutable_window(); }},
      {"weights is missing", [](M& m) { m.mutable_ops(2)->clear_weights(); }},
      {"reshape is set", [](M& m) { m.mutable_ops(1)->mutable_reshape(); }},
      {"beta is set",
       [](M& m) { m.mutable_ops(1)->set_beta(std::numeric_limits<float>::quiet_NaN()); }},
      {"beta is missing", [](M& m) { m.mutable_ops(3)->clear_beta(); }},
      {"beta -1", [](M& m) { m.mutable_ops(3)->set_beta(-1); }},
      {"align_corners is set", [](M& m) { m.mutable_ops(0)->set_align_corners(true); }},
      {"stride 0x2", [](M& m) { m.mutable_ops(0)->mutable_window()->set_stride_h(0); }},
      {"padding of -1", [](M& m) { m.mutable_ops(0)->mutable_window()->set_pad_top(-1); }},
      {"reads tensor 99", [](M& m) { m.mutable_ops(0)->set_inputs(0, 99); }},
      {"reads tensor -1", [](M& m) { m.mutable_ops(0)->set_inputs(0, -1); }},
      {"writes tensor 99", [](M& m) { m.mutable_ops(0)->set_output(99); }},
      {"0 inputs", [](M& m) { m.mutable_ops(0)->clear_inputs(); }},
      {"at most 65536", [](M& m) { m.mutable_ops(0)->mutable_inputs()->Resize(65537, 0); }},
      {"filter of",
       [](M& m) { m.mutable_ops(0)->mutable_weights()->mutable_filter()->pop_back(); }},
      {"biases", [](M& m) { m.mutable_ops(0)->mutable_weights()->add_biases(1); }},
      {"filter scale inf",
       [](M& m) {
         m.mutable_ops(0)->mutable_weights()->set_filter_scales(
             0, std::numeric_limits<float>::infinity());
       }},
      {"dimension outside", [](M& m) { m.mutable_tensors(0)->mutable_shape()->set_width(-5); }},
      {"no shape", [](M& m) { m.mutable_tensors(0)->clear_shape(); }},
      {"scale 0", [](M& m) { m.mutable_tensors(0)->clear_scale(); }},
      {"zero point 128", [](M& m) { m.mutable_tensors(0)->set_zero_point(128); }},
      {"not a constant", [](M& m) { m.mutable_tensors(0)->set_values("abc"); }},
      {"is a constant", [](M& m) { m.mutable_tensors(0)->set_constant(true); }},
      {"0x0a", [](M& m) { m.mutable_tensors(0)->set_name("a\nb"); }},
      {"600 characters", [](M& m) { m.mutable_ops(0)->set_name(std::string(600, 'a')); }},
      {"no input", [](M& m) { m.set_input(-1); }},
      {"no output", [](M& m) { m.clear_outputs(); }},
      {"output tensor 77", [](M& m) { m.set_outputs(0, 77); }},
  };
}

TEST(ModelFromProtoTest, WhatContradictsItselfIsRefused) {
  for (const Damage& damage : Damages()) {
    v1::Model proto = Classifier();
    damage.make(proto);
    EXPECT_THAT(ModelFromProto(proto),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(damage.message)));
  }
}

TEST(ParseModelTest, AnErrorNamesItsSource) {
  EXPECT_THAT(ParseModel("nonsense", "net.blm"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("net.blm: not a model file")));
  EXPECT_THAT(ParseModel("", "net.blm"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseModelTest, EveryTruncationIsRefused) {
  const std::string bytes = SerializeModel(SmallNetwork("classifier"));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseModel(bytes.substr(0, size), "cut").ok()) << size << " of " << bytes.size();
  }
}

TEST(ParseModelTest, UnknownFieldsAreRefused) {
  const std::string bytes = SerializeModel(SmallNetwork("mean"));
  EXPECT_THAT(ParseModel(bytes + "\x78\x01", "net.blm"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("field 15 is unknown")));
}

TEST(ParseModelTest, CountsAreBoundedBeforeTheyTakeMemory) {
  std::string bytes;
  for (size_t i = 0; i <= kMaxModelTensors; ++i) bytes.append("\x1a\x00", 2);  // Empty tensors.
  EXPECT_THAT(ParseModel(bytes, "net.blm"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("65537 tensors")));
}

}  // namespace
}  // namespace boardloop
