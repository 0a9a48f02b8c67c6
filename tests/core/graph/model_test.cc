#include "core/graph/model.h"

#include <cmath>
#include <functional>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

// input 4x4x2 (tensor 0) -> conv (1) -> max pool (2) -> + constant (3) -> add (4) -> softmax (5)
Model ValidModel() {
  GraphBuilder builder("net");
  int32_t input = builder.Input({4, 4, 2});
  int32_t conv = builder.Conv("conv", input, 3, CenteredWindow(3, 1), Activation::kRelu);
  int32_t pool = builder.MaxPool("pool", conv, CenteredWindow(3, 2));
  int32_t constant = builder.Constant({1, 1, 3}, "constant");
  int32_t add = builder.AddTensors("add", pool, constant, Activation::kNone);
  Op softmax;
  softmax.kind = OpKind::kSoftmax;
  softmax.name = "softmax";
  softmax.inputs = {add};
  int32_t output = builder.Add(softmax);
  return RandomModel(*std::move(builder).Build({output}), 1);
}

struct BadModel {
  std::string name;
  std::function<void(Model&)> edit;
  std::string message;
};

void PrintTo(const BadModel& bad, std::ostream* os) { *os << bad.name; }

class BadModelTest : public ::testing::TestWithParam<BadModel> {};

TEST_P(BadModelTest, IsRefusedWithAReason) {
  Model model = ValidModel();
  GetParam().edit(model);
  EXPECT_THAT(ValidateModel(model),
              StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadModelTest,
    ::testing::Values(
        BadModel{"MissingQuantization", [](Model& m) { m.quantization.pop_back(); },
                 "quantization for 5 tensors and weights for 4 ops, the graph has 6 and 4"},
        BadModel{"MissingWeights", [](Model& m) { m.weights.pop_back(); },
                 "quantization for 6 tensors and weights for 3 ops, the graph has 6 and 4"},
        BadModel{"NanScale", [](Model& m) { m.quantization[1].scale = std::nanf(""); },
                 "tensor 1 \"conv\": scale nan, must be finite and above 0"},
        BadModel{"ZeroScale", [](Model& m) { m.quantization[0].scale = 0; },
                 "tensor 0 \"input\": scale 0, must be finite and above 0"},
        BadModel{"ZeroPoint", [](Model& m) { m.quantization[0].zero_point = 128; },
                 "tensor 0 \"input\": zero point 128, must be in [-128, 127]"},
        BadModel{"ShortFilter", [](Model& m) { m.weights[0].filter.pop_back(); },
                 "op 0 (CONV_2D \"conv\"): a filter of 53 values, must have 54"},
        BadModel{"FilterWhereNoneBelongs", [](Model& m) { m.weights[1].filter.push_back(1); },
                 "op 1 (MAX_POOL_2D \"pool\"): a filter of 1 values, must have 0"},
        BadModel{"FilterScales", [](Model& m) { m.weights[0].filter_scales.pop_back(); },
                 "op 0 (CONV_2D \"conv\"): 2 filter scales and 3 biases, must have 3 of each"},
        BadModel{"Biases", [](Model& m) { m.weights[0].bias.clear(); },
                 "op 0 (CONV_2D \"conv\"): 3 filter scales and 0 biases, must have 3 of each"},
        BadModel{"NegativeFilterScale", [](Model& m) { m.weights[0].filter_scales[2] = -1; },
                 "op 0 (CONV_2D \"conv\"): filter scale -1 in channel 2, must be finite and above "
                 "0"},
        BadModel{"ScalesThatDifferPerTensor",
                 [](Model& m) {
                   m.weights[0].filter_scales = {1, 1, 2};
                   m.weights[0].per_tensor = true;
                 },
                 "op 0 (CONV_2D \"conv\"): filter scale 2 in channel 2 of a filter with one scale, "
                 "1"},
        BadModel{"MissingConstant", [](Model& m) { m.constants.clear(); },
                 "tensor 3 \"constant\": 0 constant values, must have 3"},
        BadModel{"ValuesOfAnActivation", [](Model& m) { m.constants[1] = {1}; },
                 "tensor 1 \"conv\": 1 constant values, must have 0"},
        BadModel{"ValuesOfNoTensor", [](Model& m) { m.constants[-7] = {1}; },
                 "constant values for tensor -7, the graph has 6 tensors"},
        BadModel{"PoolThatRescales",
                 [](Model& m) {
                   m.quantization[1] = {0.5f, 3};
                   m.quantization[2] = {0.25f, 3};
                 },
                 "op 1 (MAX_POOL_2D \"pool\"): scale 0.25 and zero point 3 of the output, but 0.5 "
                 "and 3 of an input; they must be equal"},
        BadModel{"SoftmaxScale", [](Model& m) { m.quantization[5].scale = 0.5f; },
                 "op 3 (SOFTMAX \"softmax\"): scale 0.5 and zero point -128 of the output, must be "
                 "1/256 and -128"},
        BadModel{"SoftmaxBeta", [](Model& m) { m.graph.ops[3].beta = -1; },
                 "op 3 (SOFTMAX \"softmax\"): beta -1, must be finite and above 0"}),
    [](const auto& bad) { return bad.param.name; });

TEST(ValidateModelTest, AcceptsARandomModel) { EXPECT_THAT(ValidateModel(ValidModel()), IsOk()); }

TEST(ValidateModelTest, ChecksTheGraphFirst) {
  Model model = ValidModel();
  model.graph.outputs.clear();
  EXPECT_THAT(ValidateModel(model),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no output")));
}

}  // namespace
}  // namespace boardloop
