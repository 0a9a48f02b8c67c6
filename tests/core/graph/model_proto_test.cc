#include "core/graph/model_proto.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

Model SomeModel(uint64_t seed) { return RandomModel(RandomGraph(seed), seed); }

TEST(ModelProtoTest, AModelIsReadBackAsWritten) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string bytes = SerializeModel(SomeModel(seed));
    const absl::StatusOr<Model> read = ParseModel(bytes, "x");
    ASSERT_THAT(read, IsOk()) << "seed " << seed;
    EXPECT_EQ(SerializeModel(*read), bytes) << "seed " << seed;
    EXPECT_EQ(read->weights.size(), SomeModel(seed).weights.size());
  }
}

TEST(ModelProtoTest, AScaleForAllChannelsStaysOne) {
  Model model = SomeModel(3);
  for (OpWeights& weights : model.weights) {
    if (weights.filter.empty()) continue;
    weights.per_tensor = true;
    weights.filter_scales.assign(weights.filter_scales.size(), weights.filter_scales[0]);
  }
  const Model read = ParseModel(SerializeModel(model), "x").value();
  for (size_t i = 0; i < model.weights.size(); ++i) {
    EXPECT_EQ(read.weights[i].filter_scales, model.weights[i].filter_scales);
  }
}

TEST(ModelProtoTest, CutOrForeignBytesAreRefused) {
  const std::string bytes = SerializeModel(SomeModel(1));
  EXPECT_THAT(ParseModel("TFL3", "a.blm"), StatusIs(kInvalid, HasSubstr("a.blm is not a model")));
  for (size_t size = 8; size < bytes.size(); size += 37) {
    EXPECT_FALSE(ParseModel(bytes.substr(0, size), "cut").ok()) << size;
  }
}

TEST(ModelProtoTest, WhatDoesNotFitIsNamed) {
  const auto message = [](auto change) {
    v1::Model proto = ModelToProto(SomeModel(2));
    change(proto);
    return ModelFromProto(proto).status().ToString();
  };
  EXPECT_THAT(message([](auto& m) { m.set_version(2); }), HasSubstr("version 2"));
  EXPECT_THAT(message([](auto& m) { m.set_input(1 << 20); }), HasSubstr("the input"));
  EXPECT_THAT(message([](auto& m) { m.set_outputs(0, -1); }), HasSubstr("an output: tensor -1"));
  EXPECT_THAT(message([](auto& m) { m.mutable_operators(0)->set_output(9999); }),
              HasSubstr("operator 0"));
  EXPECT_THAT(message([](auto& m) { m.mutable_operators(0)->clear_kind(); }),
              HasSubstr("unknown kind"));
  EXPECT_THAT(
      message([](auto& m) {
        m.mutable_operators(0)->set_activation(static_cast<v1::Model::Operator::Activation>(77));
      }),
      HasSubstr("activation 77"));
  EXPECT_THAT(message([](auto& m) { m.mutable_tensors(0)->set_height(0); }),
              HasSubstr("extents must be"));
  EXPECT_THAT(message([](auto& m) { m.mutable_tensors(0)->set_scale(-1); }), HasSubstr("scale"));
  EXPECT_THAT(message([](auto& m) { m.clear_operators(); }), HasSubstr("INVALID_ARGUMENT"));
}

}  // namespace
}  // namespace boardloop
