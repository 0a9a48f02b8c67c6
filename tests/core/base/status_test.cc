#include "core/base/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

const absl::Status kError = absl::NotFoundError("no board named x");

TEST(AnnotateTest, PrependsTheContextAndKeepsTheCode) {
  EXPECT_THAT(Annotate(kError, "flash board-07"),
              StatusIs(absl::StatusCode::kNotFound, "flash board-07: no board named x"));
}

TEST(AnnotateTest, OkStaysOk) { EXPECT_THAT(Annotate(absl::OkStatus(), "flash"), IsOk()); }

absl::Status PassOn(const absl::Status& status, bool* reached) {
  BL_RETURN_IF_ERROR(status);
  *reached = true;
  return absl::OkStatus();
}

TEST(StatusMacrosTest, ReturnIfErrorReturnsOnlyAnError) {
  bool reached = false;
  EXPECT_EQ(PassOn(kError, &reached), kError);
  EXPECT_FALSE(reached);
  EXPECT_THAT(PassOn(absl::OkStatus(), &reached), IsOk());
  EXPECT_TRUE(reached);
}

absl::StatusOr<std::string> Join(const absl::StatusOr<int>& a, const absl::StatusOr<int>& b) {
  BL_ASSIGN_OR_RETURN(int first, a);
  BL_ASSIGN_OR_RETURN(int second, b);
  return std::to_string(first) + std::to_string(second);
}

TEST(StatusMacrosTest, AssignOrReturnAssignsTheValueOrReturnsTheError) {
  EXPECT_THAT(Join(1, 2), IsOkAndHolds("12"));
  EXPECT_EQ(Join(kError, 2).status(), kError);
  EXPECT_EQ(Join(1, kError).status(), kError);
}

absl::StatusOr<int> Unwrap(absl::StatusOr<std::unique_ptr<int>> box) {
  BL_ASSIGN_OR_RETURN(std::unique_ptr<int> value, std::move(box));
  return *value;
}

TEST(StatusMacrosTest, AssignOrReturnMovesMoveOnlyValues) {
  EXPECT_THAT(Unwrap(std::make_unique<int>(7)), IsOkAndHolds(7));
}

}  // namespace
}  // namespace boardloop
