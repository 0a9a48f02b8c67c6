#include "tests/support/status_matchers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;
using ::testing::StringMatchResultListener;

const absl::Status kError = absl::NotFoundError("no board named x");

TEST(StatusMatchersTest, IsOkMatchesStatusAndStatusOr) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(absl::StatusOr<int>(3), IsOk());
  EXPECT_THAT(kError, Not(IsOk()));
  EXPECT_THAT(absl::StatusOr<int>(kError), Not(IsOk()));
}

TEST(StatusMatchersTest, IsOkAndHoldsTakesValuesAndMatchers) {
  EXPECT_THAT(absl::StatusOr<std::string>("text"), IsOkAndHolds("text"));
  EXPECT_THAT(absl::StatusOr<std::string>("text"), IsOkAndHolds(HasSubstr("ex")));
  EXPECT_THAT((absl::StatusOr<std::vector<int>>({1, 2})), IsOkAndHolds(ElementsAre(1, 2)));
  EXPECT_THAT(absl::StatusOr<int>(3), Not(IsOkAndHolds(4)));
  EXPECT_THAT(absl::StatusOr<int>(kError), Not(IsOkAndHolds(4)));
}

TEST(StatusMatchersTest, IsOkAndHoldsTakesMoveOnlyValues) {
  absl::StatusOr<std::unique_ptr<int>> value = std::make_unique<int>(7);
  EXPECT_THAT(value, IsOkAndHolds(Pointee(7)));
}

TEST(StatusMatchersTest, StatusIsComparesCodeAndMessage) {
  EXPECT_THAT(kError, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(kError, StatusIs(absl::StatusCode::kNotFound, HasSubstr("named x")));
  EXPECT_THAT(kError, StatusIs(absl::StatusCode::kNotFound, "no board named x"));
  EXPECT_THAT(kError, Not(StatusIs(absl::StatusCode::kNotFound, HasSubstr("named y"))));
  EXPECT_THAT(kError, Not(StatusIs(absl::StatusCode::kAborted, HasSubstr("named x"))));
  EXPECT_THAT(absl::StatusOr<int>(kError), StatusIs(absl::StatusCode::kNotFound));
}

TEST(StatusMatchersTest, AMismatchExplainsWithTheStatus) {
  StringMatchResultListener listener;
  absl::StatusOr<int> error = kError;
  ::testing::Matcher<const absl::StatusOr<int>&> matcher = IsOkAndHolds(4);
  EXPECT_FALSE(matcher.MatchAndExplain(error, &listener));
  EXPECT_THAT(listener.str(), HasSubstr("NOT_FOUND: no board named x"));
}

}  // namespace
}  // namespace boardloop
