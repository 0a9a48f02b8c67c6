// Files that must be refused, and what the message says about each.
#include <cmath>
#include <limits>
#include <memory>
#include <ostream>

#include "core/tflite/tflite.h"
#include "tests/core/tflite/small_networks.h"
#include "tests/core/tflite/tflite_edit.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using B = fb::BuiltinOperator;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kUnsupported = absl::StatusCode::kUnimplemented;

struct BadFile {
  std::string name;
  std::string network;  // Of SmallNetwork: tensor 0 is its input, 1 its output; or else as noted.
  void (*edit)(fb::ModelT& file);
  absl::StatusCode code;
  std::string message;  // All behind "bad.tflite: ".
};

void PrintTo(const BadFile& bad, std::ostream* os) { *os << bad.name; }

class BadFileTest : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadFileTest, IsRefusedWithAReason) {
  const BadFile& bad = GetParam();
  std::string bytes = EditedTflite(SmallNetwork(bad.network), bad.edit);
  absl::StatusOr<Model> model = ImportTflite(bytes, "bad.tflite");
  EXPECT_THAT(model, StatusIs(bad.code, "bad.tflite: " + bad.message));
}

std::string Name(const ::testing::TestParamInfo<BadFile>& bad) { return bad.param.name; }

// Of "conv_same": 6x5x3 to 6x5x4; tensor 2 is the filter [4, 3, 3, 3], tensor 3 the bias.
const std::vector<BadFile> kStructure = {
    {"Version", "conv_same", [](fb::ModelT& f) { f.version = 4; }, kInvalid,
     "schema version 4, must be 3"},
    {"NoSubgraph", "conv_same", [](fb::ModelT& f) { f.subgraphs.clear(); }, kInvalid,
     "the file has no subgraph"},
    {"TwoSubgraphs", "conv_same",
     [](fb::ModelT& f) { f.subgraphs.push_back(std::make_unique<fb::SubGraphT>()); }, kUnsupported,
     "the file has 2 subgraphs; control flow is not supported, one is"},
    {"NoOperators", "conv_same", [](fb::ModelT& f) { Network(f).operators.clear(); }, kInvalid,
     "the file has no operators"},
    {"TwoInputs", "conv_same",
     [](fb::ModelT& f) {
       Network(f).inputs = {0, 1};
     },
     kUnsupported, "the network has 2 inputs; 1 is supported"},
    {"InputOutOfRange", "conv_same", [](fb::ModelT& f) { Network(f).inputs = {9}; }, kInvalid,
     "network input 0 is tensor 9, the file has 4 tensors"},
    {"NoOutput", "conv_same", [](fb::ModelT& f) { Network(f).outputs.clear(); }, kInvalid,
     "the graph has no output"},
    {"OutputIsTheInput", "conv_same", [](fb::ModelT& f) { Network(f).outputs = {0}; }, kInvalid,
     "network output \"input\" is computed by no operator"},
    {"OutputNeverProduced", "conv_same",
     [](fb::ModelT& f) { Network(f).outputs = {AppendLike(f, "ghost", {1}, 0)}; }, kInvalid,
     "network output \"ghost\" is produced by no operator"},
    {"OperatorCodeOutOfRange", "conv_same",
     [](fb::ModelT& f) { OperatorAt(f, 0).opcode_index = 7; }, kInvalid,
     "op 0: operator code 7, the file has 1 codes"},
    {"OperatorInputOutOfRange", "conv_same", [](fb::ModelT& f) { OperatorAt(f, 0).inputs[1] = -2; },
     kInvalid, "op 0: input 1 is tensor -2, the file has 4 tensors"},
    {"OperatorOutputOutOfRange", "conv_same",
     [](fb::ModelT& f) { OperatorAt(f, 0).outputs[0] = -1; }, kInvalid,
     "op 0: output 0 is tensor -1, the file has 4 tensors"},
    {"TwoOutputsOfAnOperator", "conv_same",
     [](fb::ModelT& f) {
       OperatorAt(f, 0).outputs = {1, 1};
     },
     kInvalid, "op 0 (CONV_2D to \"conv\"): it has 2 outputs, must have 1"},
    {"TooFewInputs", "conv_same", [](fb::ModelT& f) { OperatorAt(f, 0).inputs = {0}; }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): it has 1 inputs, must have 2 to 3"},
    {"MissingOptions", "conv_same", [](fb::ModelT& f) { OperatorAt(f, 0).builtin_options.Reset(); },
     kInvalid,
     "op 0 (CONV_2D to \"conv\"): the operator's options are missing or of another operator"},
    {"OptionsOfAnotherOperator", "conv_same",
     [](fb::ModelT& f) { OperatorAt(f, 0).builtin_options.Set(fb::AddOptionsT()); }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): the operator's options are missing or of another operator"},
    {"BufferOutOfRange", "conv_same", [](fb::ModelT& f) { TensorAt(f, 2).buffer = 99; }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): \"conv/filter\" has buffer 99, the file has 3 buffers"},
};

const std::vector<BadFile> kOrder = {
    {"ReadBeforeProduced", "classifier",
     [](fb::ModelT& f) { std::swap(Network(f).operators[0], Network(f).operators[1]); }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): input \"conv/padded\" is read before any operator has produced "
     "it"},
    {"Cycle", "add", [](fb::ModelT& f) { OperatorAt(f, 0).inputs[0] = 2; }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): input \"add\" is read before any operator has produced it"},
    {"ProducedTwice", "add",
     [](fb::ModelT& f) { OperatorAt(f, 1).outputs = Network(f).outputs = {1}; }, kInvalid,
     "op 1 (ADD to \"conv\"): \"conv\" has been produced before"},
    {"OverwritesTheInput", "add",
     [](fb::ModelT& f) { OperatorAt(f, 1).outputs = Network(f).outputs = {0}; }, kInvalid,
     "op 1 (ADD to \"input\"): \"input\" has been produced before"},
    {"WritesAConstant", "add",
     [](fb::ModelT& f) { OperatorAt(f, 1).outputs = Network(f).outputs = {3}; }, kInvalid,
     "op 1 (ADD to \"conv/filter\"): \"conv/filter\" is a constant and cannot be written"},
    {"ConstantInput", "add", [](fb::ModelT& f) { Network(f).inputs = {3}; }, kInvalid,
     "network input: \"conv/filter\" is a constant and cannot be written"},
    {"Variable", "conv_same", [](fb::ModelT& f) { TensorAt(f, 1).is_variable = true; },
     kUnsupported,
     "op 0 (CONV_2D to \"conv\"): \"conv\" is a variable that lives between runs; such are not "
     "supported"},
};

const std::vector<BadFile> kTensors = {
    {"NegativeDimension", "conv_same", [](fb::ModelT& f) { TensorAt(f, 0).shape[1] = -6; },
     kInvalid, "network input: \"input\" has a dimension of -6, must be in [1, 65536]"},
    {"ZeroDimension", "conv_same", [](fb::ModelT& f) { TensorAt(f, 1).shape[1] = 0; }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): \"conv\" has a dimension of 0, must be in [1, 65536]"},
    {"HugeDimension", "conv_same", [](fb::ModelT& f) { TensorAt(f, 0).shape[1] = 2147483647; },
     kInvalid, "network input: \"input\" has a dimension of 2147483647, must be in [1, 65536]"},
    {"TooManyElements", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 0).shape = {1, 65536, 65536, 65536};
     },
     kInvalid, "network input: \"input\" has more than 2147483648 elements"},
    {"TooManyDimensions", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 0).shape = {1, 1, 1, 1, 1, 1, 6, 5, 3}; }, kInvalid,
     "network input: \"input\" has 9 dimensions, at most 8 are supported"},
    {"Batch", "conv_same", [](fb::ModelT& f) { TensorAt(f, 0).shape[0] = 2; }, kInvalid,
     "network input: shape [2, 6, 5, 3] has a batch of 2, must be 1"},
    {"FreeHeight", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 0).shape_signature = {-1, -1, 5, 3};
     },
     kUnsupported,
     "input \"input\" has no fixed extent in dimension 1; only the batch may be free"},
    {"ThreeDimensionsForAConvolution", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 0).shape = {6, 5, 3};
     },
     kInvalid, "op 0 (CONV_2D to \"conv\"): input \"input\" has 3 dimensions, must have 4"},
    {"WrongOutputShape", "conv_same", [](fb::ModelT& f) { TensorAt(f, 1).shape[2] = 4; }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): output \"conv\" has shape [1, 6, 4, 4], should hold 6x5x4"},
    {"FloatModel", "conv_same",
     [](fb::ModelT& f) {
       for (auto& tensor : Network(f).tensors) tensor->type = fb::TensorType::FLOAT32;
     },
     kUnsupported, "op 0 (CONV_2D to \"conv\"): filter: \"conv/filter\" is FLOAT32, must be INT8"},
    {"FloatInput", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 0).type = fb::TensorType::FLOAT32; }, kUnsupported,
     "op 0 (CONV_2D to \"conv\"): \"input\" is FLOAT32, must be INT8"},
    {"Int16Input", "conv_same", [](fb::ModelT& f) { TensorAt(f, 0).type = fb::TensorType::INT16; },
     kUnsupported, "network input: \"input\" is INT16, must be INT8"},
    {"Uint8Output", "conv_same", [](fb::ModelT& f) { TensorAt(f, 1).type = fb::TensorType::UINT8; },
     kUnsupported, "op 0 (CONV_2D to \"conv\"): \"conv\" is UINT8, must be INT8"},
    {"Int4Filter", "conv_same", [](fb::ModelT& f) { TensorAt(f, 2).type = fb::TensorType::INT4; },
     kUnsupported, "op 0 (CONV_2D to \"conv\"): filter: \"conv/filter\" is INT4, must be INT8"},
    {"UnknownType", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 0).type = static_cast<fb::TensorType>(77); }, kUnsupported,
     "network input: \"input\" is type 77, must be INT8"},
    {"ShortFilter", "conv_same", [](fb::ModelT& f) { DataOf(f, 2).pop_back(); }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): \"conv/filter\" has 107 B of values, its shape [4, 3, 3, 3] "
     "needs 108"},
    {"ComputedFilter", "conv_same", [](fb::ModelT& f) { DataOf(f, 2).clear(); }, kUnsupported,
     "op 0 (CONV_2D to \"conv\"): \"conv/filter\" is computed at run time; only a constant is "
     "supported"},
    {"SparseFilter", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 2).sparsity = std::make_unique<fb::SparsityParametersT>(); },
     kUnsupported,
     "op 0 (CONV_2D to \"conv\"): \"conv/filter\" is sparse; only dense tensors are supported"},
    {"NoName", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 0).name.clear();
       TensorAt(f, 0).shape[1] = -6;
     },
     kInvalid, "network input: tensor 0 has a dimension of -6, must be in [1, 65536]"},
};

const std::vector<BadFile> kQuantization = {
    {"NoQuantization", "conv_same", [](fb::ModelT& f) { TensorAt(f, 0).quantization.reset(); },
     kInvalid, "network input: \"input\" has no scale and zero point"},
    {"NanScale", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 0).quantization->scale = {std::nanf("")}; }, kInvalid,
     "network input: \"input\" has scale nan, must be finite and above 0"},
    {"InfiniteScale", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 0).quantization->scale = {std::numeric_limits<float>::infinity()};
     },
     kInvalid, "network input: \"input\" has scale inf, must be finite and above 0"},
    {"ZeroScale", "conv_same", [](fb::ModelT& f) { TensorAt(f, 1).quantization->scale = {0}; },
     kInvalid, "op 0 (CONV_2D to \"conv\"): \"conv\" has scale 0, must be finite and above 0"},
    {"NegativeScale", "conv_same", [](fb::ModelT& f) { TensorAt(f, 1).quantization->scale = {-1}; },
     kInvalid, "op 0 (CONV_2D to \"conv\"): \"conv\" has scale -1, must be finite and above 0"},
    {"ZeroPointOutOfRange", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 0).quantization->zero_point = {int64_t{1} << 32}; }, kInvalid,
     "network input: \"input\" has zero point 4294967296, must be in [-128, 127]"},
    {"ActivationPerChannel", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 0).quantization->scale = {1, 1, 1};
       TensorAt(f, 0).quantization->zero_point = {0, 0, 0};
     },
     kInvalid,
     "network input: \"input\" has 3 scales and 3 zero points, an activation has one of each"},
    {"OtherScheme", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 0).quantization->details_type = 2; }, kUnsupported,
     "network input: \"input\" has quantization scheme 2; only scale and zero point are "
     "supported"},
    {"FilterScaleCount", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 2).quantization->scale.pop_back(); }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): filter \"conv/filter\" has 3 scales, must have 1 or one for each "
     "of 4 output channels"},
    {"FilterNanScale", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 2).quantization->scale[3] = std::nanf(""); }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): filter \"conv/filter\" has scale nan in channel 3, must be "
     "finite "
     "and above 0"},
    {"FilterScalesAlongAnotherDimension", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 2).quantization->quantized_dimension = 3; }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): filter \"conv/filter\" has scales along dimension 3, must be 0"},
    {"AsymmetricFilter", "conv_same",
     [](fb::ModelT& f) { TensorAt(f, 2).quantization->zero_point[1] = 5; }, kInvalid,
     "op 0 (CONV_2D to \"conv\"): filter \"conv/filter\" has zero point 5 in channel 1, must be 0"},
    {"PoolThatRescales", "max_pool",
     [](fb::ModelT& f) { TensorAt(f, 1).quantization->scale = {2}; }, kInvalid,
     "op 0 (MAX_POOL_2D to \"pool\"): output \"pool\" has scale 2 and zero point -1, the input has "
     "0.00784313772 and -1; they must be equal"},
    {"SigmoidScale", "sigmoid", [](fb::ModelT& f) { TensorAt(f, 1).quantization->scale = {2}; },
     kInvalid,
     "op 0 (LOGISTIC \"unary\"): scale 2 and zero point -128 of the output, must be 1/256 and "
     "-128"},
    {"SoftmaxBeta", "softmax",
     [](fb::ModelT& f) {
       OperatorAt(f, 0).builtin_options.AsSoftmaxOptions()->beta = std::nanf("");
     },
     kInvalid, "op 0 (SOFTMAX \"unary\"): beta nan, must be finite and above 0"},
};

const std::vector<BadFile> kOperators = {
    {"UnknownOperator", "conv_same",
     [](fb::ModelT& f) { f.operator_codes[0]->builtin_code = static_cast<B>(200); }, kUnsupported,
     "op 0 (operator 200 to \"conv\"): the operator (reading \"input\", \"conv/filter\", "
     "\"conv/bias\") is not supported; supported are " +
         SupportedTfliteOperators()},
    {"CustomOperator", "relu",
     [](fb::ModelT& f) {
       f.operator_codes[0]->builtin_code = B::CUSTOM;
       f.operator_codes[0]->custom_code = "MyOp";
     },
     kUnsupported,
     "op 0 (CUSTOM MyOp to \"unary\"): the operator (reading \"input\") is not supported; "
     "supported "
     "are " +
         SupportedTfliteOperators()},
    {"Dilation", "conv_same",
     [](fb::ModelT& f) {
       OperatorAt(f, 0).builtin_options.AsConv2DOptions()->dilation_w_factor = 2;
     },
     kUnsupported, "op 0 (CONV_2D to \"conv\"): dilation 1x2; only 1x1 is supported"},
    {"Groups", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 0).shape = {1, 6, 5, 6};
     },
     kUnsupported,
     "op 0 (CONV_2D to \"conv\"): 2 groups (6 input channels, filter \"conv/filter\" takes 3); 1 "
     "is "
     "supported"},
    {"FilterDoesNotFit", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 0).shape = {1, 6, 5, 4};
     },
     kInvalid,
     "op 0 (CONV_2D to \"conv\"): filter \"conv/filter\" takes 3 channels, the input has 4"},
    {"FilterRank", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 2).shape = {4, 27};
     },
     kInvalid,
     "op 0 (CONV_2D to \"conv\"): filter \"conv/filter\" has shape [4, 27], must have 4 "
     "dimensions"},
    {"BiasType", "conv_same", [](fb::ModelT& f) { TensorAt(f, 3).type = fb::TensorType::INT64; },
     kUnsupported, "op 0 (CONV_2D to \"conv\"): bias: \"conv/bias\" is INT64, must be INT32"},
    {"BiasSize", "conv_same",
     [](fb::ModelT& f) {
       TensorAt(f, 3).shape = {3};
       DataOf(f, 3).resize(12);
     },
     kInvalid,
     "op 0 (CONV_2D to \"conv\"): bias \"conv/bias\" has 3 values, must have one for each of 4 "
     "output channels"},
    {"ZeroStride", "conv_same",
     [](fb::ModelT& f) { OperatorAt(f, 0).builtin_options.AsConv2DOptions()->stride_h = 0; },
     kInvalid,
     "op 0 (CONV_2D to \"conv\"): window 3x3 with stride 0x1, each must be in [1, 65536]"},
    {"UnknownPadding", "conv_same",
     [](fb::ModelT& f) {
       OperatorAt(f, 0).builtin_options.AsConv2DOptions()->padding = static_cast<fb::Padding>(9);
     },
     kInvalid, "op 0 (CONV_2D to \"conv\"): padding 9, must be SAME (0) or VALID (1)"},
    {"Tanh", "conv_same",
     [](fb::ModelT& f) {
       OperatorAt(f, 0).builtin_options.AsConv2DOptions()->fused_activation_function =
           fb::ActivationFunctionType::TANH;
     },
     kUnsupported,
     "op 0 (CONV_2D to \"conv\"): fused activation 4; NONE, RELU, RELU6 and RELU_N1_TO_1 are "
     "supported"},
    {"DepthMultiplier", "depthwise",
     [](fb::ModelT& f) {
       OperatorAt(f, 0).builtin_options.AsDepthwiseConv2DOptions()->depth_multiplier = -1;
     },
     kInvalid,
     "op 0 (DEPTHWISE_CONV_2D to \"depthwise\"): filter \"depthwise/filter\" has shape [1, 3, 3, "
     "3], "
     "must be [1, h, w, 3 input channels * multiplier -1]"},
    {"DenseBatch", "dense",
     [](fb::ModelT& f) {
       TensorAt(f, 0).shape = {2, 9};
     },
     kUnsupported,
     "op 0 (FULLY_CONNECTED to \"dense\"): a batch of 2 vectors (18 input elements, filter "
     "\"dense/filter\" takes 9); 1 is supported"},
    {"DenseElements", "dense",
     [](fb::ModelT& f) {
       TensorAt(f, 0).shape = {1, 10};
     },
     kInvalid,
     "op 0 (FULLY_CONNECTED to \"dense\"): filter \"dense/filter\" takes 9 elements, the input has "
     "10"},
    {"NoBroadcast", "add_constant",
     [](fb::ModelT& f) {
       TensorAt(f, 1).shape = {2};
       DataOf(f, 1).pop_back();
     },
     kInvalid, "op 0 (ADD to \"binary\"): shapes 6x4x3 and 1x1x2 do not broadcast"},
    {"MeanOverChannels", "mean", [](fb::ModelT& f) { DataOf(f, 2)[0] = 3; }, kUnsupported,
     "op 0 (MEAN to \"mean\"): a mean over channels; over height, width or both is supported"},
    {"MeanAxis", "mean", [](fb::ModelT& f) { DataOf(f, 2)[0] = 4; }, kInvalid,
     "op 0 (MEAN to \"mean\"): axis 4, the input has 4 dimensions"},
    {"MeanOverWidthAlone", "mean", [](fb::ModelT& f) { DataOf(f, 2)[0] = 2; }, kInvalid,
     "op 0 (MEAN to \"mean\"): output \"mean\" has shape [1, 3], should hold 6x1x3"},
    {"NegativePadding", "pad", [](fb::ModelT& f) { DataOf(f, 2)[11] = 0x80; }, kInvalid,
     "op 0 (PAD to \"pad\"): dimension 1 is padded by -2147483647 and 0, must be in [0, 65536]"},
    {"PaddedChannels", "pad", [](fb::ModelT& f) { DataOf(f, 2)[24] = 1; }, kUnsupported,
     "op 0 (PAD to \"pad\"): dimension 3 is padded by 1 and 0; only height and width can be"},
    {"PaddingsOfAnotherRank", "pad",
     [](fb::ModelT& f) {
       TensorAt(f, 2).shape = {3, 2};
       DataOf(f, 2).resize(24);
     },
     kInvalid,
     "op 0 (PAD to \"pad\"): paddings \"pad/paddings\" have 6 values, an input of 4 dimensions "
     "needs "
     "8"},
    {"PadOutputShape", "pad", [](fb::ModelT& f) { TensorAt(f, 1).shape[1] = 99; }, kInvalid,
     "op 0 (PAD to \"pad\"): output \"pad\" has shape [1, 99, 6, 3], should hold 7x6x3"},
    {"Reshape", "reshape",
     [](fb::ModelT& f) {
       TensorAt(f, 1).shape = {1, 1, 6, 12};
     },
     kInvalid,
     "op 0 (RESHAPE to \"reshape\"): output \"reshape\" has shape [1, 1, 6, 12], which is not the "
     "new shape that the operator asks for"},
    {"ConcatAxis", "concat_width",
     [](fb::ModelT& f) { OperatorAt(f, 1).builtin_options.AsConcatenationOptions()->axis = -5; },
     kInvalid, "op 1 (CONCATENATION to \"concat\"): axis -5, the inputs have 4 dimensions"},
    {"ConcatBatch", "concat_width",
     [](fb::ModelT& f) { OperatorAt(f, 1).builtin_options.AsConcatenationOptions()->axis = 0; },
     kUnsupported, "op 1 (CONCATENATION to \"concat\"): along the batch"},
    {"ResizeSize", "resize", [](fb::ModelT& f) { DataOf(f, 2)[3] = 0x80; }, kInvalid,
     "op 0 (RESIZE_NEAREST_NEIGHBOR to \"resize\"): size \"resize/size\" must be a height and a "
     "width in [1, 65536]"},
    {"TransposedOutput", "relu",
     [](fb::ModelT& f) {
       int32_t transposed = AppendLike(f, "transposed", {1, 3, 6, 4}, 1);
       int32_t order = AppendInts(f, "order", {0, 3, 1, 2});
       InsertOperator(f, 1, B::TRANSPOSE, {1, order}, {transposed});
       Network(f).outputs = {transposed};
     },
     kUnsupported,
     "\"transposed\" is transposed; a TRANSPOSE that moves values is supported only in front of "
     "MEAN"},
    {"NoPermutation", "relu",
     [](fb::ModelT& f) {
       int32_t transposed = AppendLike(f, "transposed", {1, 3, 6, 4}, 1);
       InsertOperator(f, 1, B::TRANSPOSE, {1, AppendInts(f, "order", {0, 3, 3, 2})}, {transposed});
       Network(f).outputs = {transposed};
     },
     kInvalid, "op 1 (TRANSPOSE to \"transposed\"): permutation \"order\" is none of 4 dimensions"},
    {"ReshapeOfAConstant", "add_constant",
     [](fb::ModelT& f) {
       int32_t reshaped = AppendLike(f, "reshaped", {3}, 1);
       InsertOperator(f, 0, B::RESHAPE, {1, AppendInts(f, "shape", {3})}, {reshaped});
       Network(f).outputs.push_back(reshaped);
     },
     kUnsupported,
     "op 0 (RESHAPE to \"reshaped\"): the operator reads a constant alone; its result must be the "
     "constant"},
    {"DequantizeInside", "relu",
     [](fb::ModelT& f) {
       int32_t real = AppendTensor(f, "real", fb::TensorType::FLOAT32, {1, 6, 4, 3});
       int32_t back = AppendLike(f, "back", {1, 6, 4, 3}, 1);
       InsertOperator(f, 1, B::DEQUANTIZE, {1}, {real});
       InsertOperator(f, 2, B::QUANTIZE, {real}, {back});
       Network(f).outputs = {back};
     },
     kUnsupported,
     "op 1 (DEQUANTIZE to \"real\"): \"real\" is not an output of the network; only INT8 is "
     "supported inside"},
};

INSTANTIATE_TEST_SUITE_P(Structure, BadFileTest, ::testing::ValuesIn(kStructure), Name);
INSTANTIATE_TEST_SUITE_P(Order, BadFileTest, ::testing::ValuesIn(kOrder), Name);
INSTANTIATE_TEST_SUITE_P(Tensors, BadFileTest, ::testing::ValuesIn(kTensors), Name);
INSTANTIATE_TEST_SUITE_P(Quantization, BadFileTest, ::testing::ValuesIn(kQuantization), Name);
INSTANTIATE_TEST_SUITE_P(Operators, BadFileTest, ::testing::ValuesIn(kOperators), Name);

TEST(BadBytesTest, EmptyFileIsNoTflite) {
  EXPECT_THAT(ImportTflite("", "bad.tflite"),
              StatusIs(kInvalid, "bad.tflite: not a .tflite: the identifier TFL3 is missing"));
}

TEST(BadBytesTest, AnotherFormatIsNoTflite) {
  EXPECT_THAT(ImportTflite(std::string(1000, 'x'), "bad.tflite"),
              StatusIs(kInvalid, HasSubstr("TFL3 is missing")));
}

TEST(BadBytesTest, EveryTruncationIsRefused) {
  std::string bytes = *ExportTflite(SmallNetwork("squeeze_and_excite"));
  for (size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_THAT(ImportTflite(bytes.substr(0, size), "bad.tflite"), StatusIs(kInvalid)) << size;
  }
}

TEST(BadBytesTest, ValuesBehindTheEndOfTheFileAreRefused) {
  std::string bytes = EditedTflite(SmallNetwork("conv_same"), [](fb::ModelT& f) {
    DataOf(f, 2).clear();
    f.buffers[1]->offset = uint64_t{1} << 63;
    f.buffers[1]->size = 108;
  });
  EXPECT_THAT(ImportTflite(bytes, "bad.tflite"),
              StatusIs(kInvalid, HasSubstr("buffer 1 of \"conv/filter\" has 108 B at offset "
                                           "9223372036854775808, the file has ")));
}

TEST(BadBytesTest, FileAboveTheLimitIsRefused) {
  std::string bytes = *ExportTflite(SmallNetwork("relu"));
  bytes.resize(kMaxTfliteBytes + 1);
  EXPECT_THAT(ImportTflite(bytes, "bad.tflite"),
              StatusIs(kInvalid,
                       "bad.tflite: the file has 268435457 B, at most 268435456 are "
                       "supported"));
}

// Each operator takes a copy of its filter: sharing one buffer must not multiply memory without
// limit.
TEST(BadBytesTest, ManyOperatorsOnOneLargeFilterAreRefused) {
  std::string bytes = EditedTflite(SmallNetwork("dense"), [](fb::ModelT& f) {
    constexpr int32_t kSide = 4096;
    TensorAt(f, 0).shape = TensorAt(f, 1).shape = {1, kSide};
    TensorAt(f, 2).shape = {kSide, kSide};
    DataOf(f, 2).assign(kSide * kSide, 1);
    OperatorAt(f, 0).inputs[2] = -1;
    for (int32_t i = 1; i < 20; ++i) {
      int32_t next = AppendLike(f, "next", {1, kSide}, 1);
      InsertOperator(f, i, B::FULLY_CONNECTED, {OperatorAt(f, i - 1).outputs[0], 2}, {next})
          .builtin_options.Set(fb::FullyConnectedOptionsT());
      Network(f).outputs = {next};
    }
  });
  EXPECT_THAT(ImportTflite(bytes, "bad.tflite"),
              StatusIs(kInvalid, HasSubstr("at most 268435456 are supported")));
}

TEST(BadBytesTest, TooManyInputsOfAllOperatorsAreRefused) {
  std::string bytes = EditedTflite(SmallNetwork("concat_width"), [](fb::ModelT& f) {
    for (int i = 0; i < 1100; ++i) {
      InsertOperator(f, 0, B::CONCATENATION, std::vector<int32_t>(1000, 0), {1});
    }
  });
  EXPECT_THAT(ImportTflite(bytes, "bad.tflite"),
              StatusIs(kInvalid, HasSubstr("at most 1000000 are supported")));
}

}  // namespace
}  // namespace boardloop
