#include "core/graph/graph.h"

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

absl::StatusOr<Shape> ShapeOfMean(Axis axis, const Shape& input) {
  Op op;
  op.kind = OpKind::kMean;
  op.axis = axis;
  return InferShape(op, {input});
}

TEST(InferShapeTest, MeanIsOverHeightAndWidthUnlessAnAxisIsGiven) {
  EXPECT_THAT(ShapeOfMean(Op().axis, {5, 6, 7}), IsOkAndHolds(Shape{1, 1, 7}));
}

TEST(InferShapeTest, MeanOverOneAxisKeepsTheOther) {
  EXPECT_THAT(ShapeOfMean(Axis::kHeight, {5, 6, 7}), IsOkAndHolds(Shape{1, 6, 7}));
  EXPECT_THAT(ShapeOfMean(Axis::kWidth, {5, 6, 7}), IsOkAndHolds(Shape{5, 1, 7}));
}

TEST(ValidateTest, RefusesAMeanWhoseShapeIsThatOfAnotherAxis) {
  GraphBuilder builder("net");
  const int32_t mean = builder.Mean("mean", builder.Input({5, 6, 7}), Axis::kHeight);
  absl::StatusOr<Graph> graph = std::move(builder).Build({mean});
  ASSERT_THAT(graph, IsOk());
  graph->ops[0].axis = Axis::kWidth;
  EXPECT_THAT(Validate(*graph),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "op 0 (MEAN \"mean\"): its output is 1x6x7, should be 5x1x7"));
}

}  // namespace
}  // namespace boardloop
