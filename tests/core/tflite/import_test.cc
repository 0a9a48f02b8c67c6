#include "core/tflite/tflite.h"

#include "core/base/files.h"
#include "tests/core/tflite/small_networks.h"
#include "tests/core/tflite/tflite_edit.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using B = fb::BuiltinOperator;

std::vector<OpKind> Kinds(const Model& model) {
  std::vector<OpKind> kinds;
  for (const Op& op : model.graph.ops) kinds.push_back(op.kind);
  return kinds;
}

// In these files tensor 0 is the input and tensor 1 the output of the first operator.
TEST(ImportTest, QuantizeAndDequantizeAtTheEdgesAreDropped) {
  Model model = SmallNetwork("conv_same");
  std::string bytes = EditedTflite(model, [](fb::ModelT& file) {
    int32_t input = AppendTensor(file, "real_input", fb::TensorType::FLOAT32, {1, 6, 5, 3});
    int32_t output = AppendTensor(file, "real_output", fb::TensorType::FLOAT32, {1, 6, 5, 4});
    InsertOperator(file, 0, B::QUANTIZE, {input}, {0});
    InsertOperator(file, 2, B::DEQUANTIZE, {1}, {output});
    Network(file).inputs = {input};
    Network(file).outputs = {output};
  });
  absl::StatusOr<Model> imported = ImportTflite(bytes, "conv_same");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(ModelText(*imported), ModelText(model));
}

TEST(ImportTest, Uint8EdgesAreDropped) {
  Model model = SmallNetwork("conv_same");
  std::string bytes = EditedTflite(model, [](fb::ModelT& file) {
    int32_t input = AppendTensor(file, "bytes_in", fb::TensorType::UINT8, {1, 6, 5, 3});
    int32_t output = AppendTensor(file, "bytes_out", fb::TensorType::UINT8, {1, 6, 5, 4});
    InsertOperator(file, 0, B::QUANTIZE, {input}, {0});
    InsertOperator(file, 2, B::QUANTIZE, {1}, {output});
    Network(file).inputs = {input};
    Network(file).outputs = {output};
  });
  absl::StatusOr<Model> imported = ImportTflite(bytes, "conv_same");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(ModelText(*imported), ModelText(model));
}

TEST(ImportTest, PadStaysWhereAPoolReadsIt) {
  absl::StatusOr<Model> model = ImportTflite(*ExportTflite(SmallNetwork("pad_then_pool")), "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Kinds(*model), ElementsAre(OpKind::kPad, OpKind::kAveragePool));
}

TEST(ImportTest, PadWithTheLowestValueFoldsIntoMaxPool) {
  absl::StatusOr<Model> model = ImportTflite(*ExportTflite(SmallNetwork("max_pool_padded")), "x");
  ASSERT_THAT(model, IsOk());
  ASSERT_THAT(Kinds(*model), ElementsAre(OpKind::kMaxPool));
  EXPECT_EQ(model->graph.ops[0].window.pad_left, 1);
}

TEST(ImportTest, MeanInTwoStepsBehindTransposeIsTwoMeans) {
  std::string bytes = EditedTflite(SmallNetwork("mean"), [](fb::ModelT& file) {
    int32_t transposed = AppendLike(file, "transposed", {1, 3, 6, 4}, 0);
    int32_t rows = AppendLike(file, "rows", {1, 3, 6}, 1);
    int32_t order = AppendInts(file, "order", {0, 3, 1, 2});
    int32_t last = AppendInts(file, "last", {-1});
    InsertOperator(file, 0, B::TRANSPOSE, {0, order}, {transposed});
    InsertOperator(file, 1, B::MEAN, {transposed, last}, {rows})
        .builtin_options.Set(fb::ReducerOptionsT());
    OperatorAt(file, 2).inputs = {rows, last};
  });
  absl::StatusOr<Model> imported = ImportTflite(bytes, "x");
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(Kinds(*imported), ElementsAre(OpKind::kMean, OpKind::kMean));
  const Graph& graph = imported->graph;
  EXPECT_EQ(graph.ops[0].axis, Axis::kWidth);
  EXPECT_EQ(graph.output_shape(graph.ops[0]), (Shape{6, 1, 3}));
  EXPECT_EQ(graph.ops[1].axis, Axis::kHeight);
  EXPECT_EQ(graph.output_shape(graph.ops[1]), (Shape{1, 1, 3}));
}

TEST(ImportTest, MeanThatDropsTheWidthIsReshapedForOtherReaders) {
  std::string bytes = EditedTflite(SmallNetwork("relu"), [](fb::ModelT& file) {
    int32_t rows = AppendLike(file, "rows", {1, 6, 3}, 0);
    InsertOperator(file, 0, B::MEAN, {0, AppendInts(file, "axes", {2})}, {rows})
        .builtin_options.Set(fb::ReducerOptionsT());
    OperatorAt(file, 1).inputs = {rows};
    TensorAt(file, 1).shape = {1, 6, 3};
  });
  absl::StatusOr<Model> model = ImportTflite(bytes, "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Kinds(*model), ElementsAre(OpKind::kMean, OpKind::kReshape, OpKind::kQuantize));
  EXPECT_EQ(model->graph.shape(model->graph.outputs[0]), (Shape{1, 6, 3}));
}

TEST(ImportTest, MeanOverTheBatchOnlyRescales) {
  std::string bytes = EditedTflite(SmallNetwork("mean"), [](fb::ModelT& file) {
    OperatorAt(file, 0).inputs = {0, AppendInts(file, "batch", {0})};
    TensorAt(file, 1).shape = {6, 4, 3};
  });
  absl::StatusOr<Model> model = ImportTflite(bytes, "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Kinds(*model), ElementsAre(OpKind::kQuantize));
}

TEST(ImportTest, MeanOfTransposedImageIsTheMean) {
  std::string bytes = EditedTflite(SmallNetwork("mean"), [](fb::ModelT& file) {
    int32_t transposed = AppendLike(file, "transposed", {1, 3, 6, 4}, 0);
    InsertOperator(file, 0, B::TRANSPOSE, {0, AppendInts(file, "order", {0, 3, 1, 2})},
                   {transposed});
    OperatorAt(file, 1).inputs = {transposed, AppendInts(file, "spatial", {2, 3})};
  });
  absl::StatusOr<Model> model = ImportTflite(bytes, "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Kinds(*model), ElementsAre(OpKind::kMean));
}

TEST(ImportTest, DepthwiseOfOneChannelBecomesConvolution) {
  Model model = SmallNetwork("depthwise_multiplier");
  std::string bytes = EditedTflite(model, [](fb::ModelT& file) {
    TensorAt(file, 0).shape = {1, 7, 6, 1};
    OperatorAt(file, 0).builtin_options.AsDepthwiseConv2DOptions()->depth_multiplier = 6;
  });
  absl::StatusOr<Model> imported = ImportTflite(bytes, "x");
  ASSERT_THAT(imported, IsOk());
  ASSERT_THAT(Kinds(*imported), ElementsAre(OpKind::kConv2d));
  // [kh][kw][out] to [out][kh][kw]: pixel 2 of channel 4.
  EXPECT_EQ(imported->weights[0].filter[4 * 9 + 2], model.weights[0].filter[2 * 6 + 4]);
}

TEST(ImportTest, OperatorCodeOfOneByteIsEnough) {
  std::string bytes = EditedTflite(SmallNetwork("conv_same"), [](fb::ModelT& file) {
    file.operator_codes[0]->builtin_code = B::ADD;  // Absent: 0.
  });
  EXPECT_THAT(ImportTflite(bytes, "x"), IsOk());
}

TEST(ImportTest, AbsentBiasIsZero) {
  std::string bytes = EditedTflite(SmallNetwork("conv_same"),
                                   [](fb::ModelT& file) { OperatorAt(file, 0).inputs[2] = -1; });
  absl::StatusOr<Model> model = ImportTflite(bytes, "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(model->weights[0].bias, ElementsAre(0, 0, 0, 0));
}

TEST(ImportTest, OneFilterScaleIsRepeatedForEachChannel) {
  std::string bytes = EditedTflite(SmallNetwork("conv_same"), [](fb::ModelT& file) {
    TensorAt(file, 2).quantization->scale = {0.5f};
    TensorAt(file, 2).quantization->zero_point = {0};
  });
  absl::StatusOr<Model> model = ImportTflite(bytes, "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_TRUE(model->weights[0].per_tensor);
  EXPECT_THAT(model->weights[0].filter_scales, ElementsAre(0.5f, 0.5f, 0.5f, 0.5f));
}

TEST(ImportTest, ValuesBehindTheTablesAreRead) {
  Model model = SmallNetwork("conv_same");
  std::vector<uint8_t> filter;
  uint32_t buffer = 0;
  auto move_filter = [&](uint64_t offset) {
    return EditedTflite(model, [&](fb::ModelT& file) {
      filter = DataOf(file, 2);
      buffer = TensorAt(file, 2).buffer;
      DataOf(file, 2).clear();
      file.buffers[buffer]->offset = offset;
      file.buffers[buffer]->size = filter.size();
    });
  };
  std::string bytes = move_filter(1000000);  // The length does not depend on the number.
  bytes = move_filter(bytes.size());
  bytes.append(filter.begin(), filter.end());
  absl::StatusOr<Model> imported = ImportTflite(bytes, "conv_same");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(ModelText(*imported), ModelText(model));
}

TEST(ImportTest, FreeBatchIsOne) {
  std::string bytes = EditedTflite(SmallNetwork("conv_same"), [](fb::ModelT& file) {
    TensorAt(file, 0).shape_signature = {-1, 6, 5, 3};
  });
  EXPECT_THAT(ImportTflite(bytes, "x"), IsOk());
}

TEST(ImportTest, ReshapeThatOnlyChangesTheRankIsDropped) {
  std::string bytes = EditedTflite(SmallNetwork("softmax"), [](fb::ModelT& file) {
    int32_t four = AppendLike(file, "four", {1, 1, 1, 8}, 0);
    InsertOperator(file, 0, B::RESHAPE, {0, AppendInts(file, "shape", {1, 1, 1, -1})}, {four});
    OperatorAt(file, 1).inputs = {four};
    TensorAt(file, 1).shape = {1, 1, 1, 8};
  });
  absl::StatusOr<Model> model = ImportTflite(bytes, "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Kinds(*model), ElementsAre(OpKind::kSoftmax));
}

TEST(ImportTest, SqueezeThatMovesDimensionsIsAReshape) {
  std::string bytes = EditedTflite(SmallNetwork("softmax_of_image"), [](fb::ModelT& file) {
    TensorAt(file, 0).shape = {1, 6, 1, 12};
    int32_t squeezed = AppendLike(file, "squeezed", {6, 12}, 0);
    InsertOperator(file, 0, B::SQUEEZE, {0}, {squeezed});
    OperatorAt(file, 1).inputs = {squeezed};
    TensorAt(file, 1).shape = {6, 12};
  });
  absl::StatusOr<Model> model = ImportTflite(bytes, "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Kinds(*model), ElementsAre(OpKind::kReshape, OpKind::kSoftmax));
  EXPECT_EQ(model->graph.shape(1), (Shape{1, 6, 12}));
}

TEST(ImportTest, OperatorThatNobodyReadsIsLeftOut) {
  std::string bytes = EditedTflite(SmallNetwork("relu"), [](fb::ModelT& file) {
    int32_t unread = AppendTensor(file, "unread", fb::TensorType::FLOAT32, {7});
    InsertOperator(file, 1, B::TANH, {1}, {unread});
  });
  absl::StatusOr<Model> model = ImportTflite(bytes, "relu");
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(ModelText(*model), ModelText(SmallNetwork("relu")));
}

TEST(ImportTest, ConstantOfOneDimensionIsBroadcastOverTheImage) {
  std::string bytes = EditedTflite(SmallNetwork("add_constant"),
                                   [](fb::ModelT& file) { TensorAt(file, 1).shape = {3}; });
  absl::StatusOr<Model> model = ImportTflite(bytes, "add_constant");
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(ModelText(*model), ModelText(SmallNetwork("add_constant")));
}

TEST(ImportTest, OddNamesAreMadePrintable) {
  std::string bytes = EditedTflite(SmallNetwork("relu"), [](fb::ModelT& file) {
    TensorAt(file, 1).name = "a\n\"b\"\xff" + std::string(5000, 'x');
  });
  absl::StatusOr<Model> model = ImportTflite(bytes, "x");
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->graph.ops[0].name, "a__b__" + std::string(512 - 6, 'x'));
}

TEST(ImportTest, NetworkIsNamedAfterTheFile) {
  std::string path = ::testing::TempDir() + "/my-net.tflite";
  ASSERT_THAT(WriteFileAtomically(path, *ExportTflite(SmallNetwork("relu"))), IsOk());
  absl::StatusOr<Model> model = LoadTflite(path);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->graph.name, "my-net");
}

TEST(ImportTest, MissingFileIsNotFound) {
  EXPECT_THAT(LoadTflite("no/such.tflite"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no/such.tflite")));
}

}  // namespace
}  // namespace boardloop
