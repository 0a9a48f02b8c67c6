#include "cli/client/retry.h"

#include <gtest/gtest.h>

#include <vector>

#include "cli/client/grpc_status.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RetryTest : public ::testing::Test {
 protected:
  RetryTest() {
    options_.attempts = 4;
    options_.first_backoff = absl::Seconds(1);
    options_.max_backoff = absl::Seconds(3);
    options_.sleep = [this](absl::Duration duration) { slept_.push_back(duration); };
  }

  RetryOptions options_;
  std::vector<absl::Duration> slept_;
};

TEST_F(RetryTest, SuccessIsNotRepeated) {
  int calls = 0;
  EXPECT_THAT(Retry(options_,
                    [&](bool&) {
                      ++calls;
                      return absl::OkStatus();
                    }),
              IsOk());
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(slept_.empty());
}

TEST_F(RetryTest, WaitsLongerFromAttemptToAttemptUpToALimitAndGivesUp) {
  const absl::Status status =
      Retry(options_, [](bool&) { return absl::UnavailableError("nobody there"); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody there")));
  EXPECT_THAT(slept_, ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(3)));
}

TEST_F(RetryTest, ProgressBeginsTheCountAgain) {
  int calls = 0;
  EXPECT_THAT(Retry(options_,
                    [&](bool& progress) {
                      progress = calls % 3 == 2;
                      return ++calls < 20 ? absl::UnavailableError("away") : absl::OkStatus();
                    }),
              IsOk());
  EXPECT_EQ(calls, 20);
}

TEST_F(RetryTest, AnErrorThatStaysIsNotRepeated) {
  int calls = 0;
  const auto refuse = [&](bool&) {
    ++calls;
    return absl::InvalidArgumentError("bad");
  };
  EXPECT_THAT(Retry(options_, refuse), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(calls, 1);
}

TEST_F(RetryTest, AGapIsTriedAgain) {
  int calls = 0;
  EXPECT_THAT(Retry(options_,
                    [&](bool&) {
                      return ++calls == 1
                                 ? WithReason(absl::InvalidArgumentError("gap"), "UPLOAD_GAP")
                                 : absl::OkStatus();
                    }),
              IsOk());
  EXPECT_EQ(calls, 2);
}

TEST_F(RetryTest, ACallThatTheOtherSideCancelledIsTriedAgainAndUnavailableInTheEnd) {
  EXPECT_THAT(Retry(options_, [](bool&) { return absl::CancelledError("stopping"); }),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stopping")));
  EXPECT_EQ(slept_.size(), 3u);
}

TEST_F(RetryTest, EndsWhenItIsCancelled) {
  Cancellation cancellation;
  options_.cancellation = &cancellation;
  int calls = 0;
  EXPECT_THAT(Retry(options_,
                    [&](bool&) {
                      ++calls;
                      cancellation.Cancel();
                      return absl::UnavailableError("away");
                    }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(slept_.empty());
  EXPECT_THAT(Retry(options_, [](bool&) { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace boardloop
