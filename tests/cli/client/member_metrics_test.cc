#include "cli/client/member_metrics.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/metrics_text.h"

namespace boardloop {
namespace {

constexpr char kConnected[] = "boardloop_member_connected";
constexpr char kCalls[] = "boardloop_member_synchronize_seconds_count";

std::string Errors(const std::string& code) {
  return "boardloop_member_synchronize_errors_total{code=\"" + code + "\"}";
}

class MemberMetricsTest : public testing::Test {
 protected:
  Metrics metrics_{"boardloop-test", "1"};
  MemberMetrics member_{metrics_};
};

TEST_F(MemberMetricsTest, AllIsThereBeforeTheFirstCall) {
  const std::string text = metrics_.Render();
  EXPECT_EQ(ValueOf(text, kConnected), 0);
  EXPECT_EQ(ValueOf(text, kCalls), 0);
  EXPECT_EQ(ValueOf(text, Errors("UNAVAILABLE")), 0);
  EXPECT_EQ(ValueOf(text, Errors("UNAUTHENTICATED")), 0);
  for (const auto& [metric, series] : SeriesByMetric(text)) EXPECT_LE(series, 100) << metric;
}

TEST_F(MemberMetricsTest, ItIsConnectedWhileTheLastCallWasAnswered) {
  member_.Synchronized(absl::OkStatus(), absl::Milliseconds(3));
  EXPECT_EQ(ValueOf(metrics_.Render(), kConnected), 1);
  member_.Synchronized(absl::UnavailableError("gone"), absl::Milliseconds(1));
  member_.Synchronized(absl::DeadlineExceededError("slow"), absl::Seconds(20));
  const std::string text = metrics_.Render();
  EXPECT_EQ(ValueOf(text, kConnected), 0);
  EXPECT_EQ(ValueOf(text, kCalls), 3);
  EXPECT_EQ(ValueOf(text, Errors("UNAVAILABLE")), 1);
  EXPECT_EQ(ValueOf(text, Errors("DEADLINE_EXCEEDED")), 1);
  EXPECT_EQ(ValueOf(text, Errors("NOT_FOUND")), 0);
  member_.Synchronized(absl::OkStatus(), absl::Milliseconds(3));
  EXPECT_EQ(ValueOf(metrics_.Render(), kConnected), 1);
}

}  // namespace
}  // namespace boardloop
