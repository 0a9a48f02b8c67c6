#include "cli/remote/format.h"

#include "absl/time/clock.h"
#include "cli/remote/names.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

TEST(FormatTest, DurationsHaveTwoUnits) {
  EXPECT_EQ(DurationText(absl::Seconds(-3)), "0 s");
  EXPECT_EQ(DurationText(absl::Seconds(48.9)), "48 s");
  EXPECT_EQ(DurationText(absl::Seconds(185)), "3 min 05 s");
  EXPECT_EQ(DurationText(absl::Minutes(124)), "2 h 04 min");
  EXPECT_EQ(DurationText(absl::Hours(74)), "3 d 2 h");
}

TEST(FormatTest, AgesHaveOne) {
  google::protobuf::Timestamp time;
  EXPECT_EQ(AgoText(time, absl::Now()), "-");
  time.set_seconds(1000);
  EXPECT_EQ(AgoText(time, absl::FromUnixSeconds(999)), "0 s ago");
  EXPECT_EQ(AgoText(time, absl::FromUnixSeconds(1059)), "59 s ago");
  EXPECT_EQ(AgoText(time, absl::FromUnixSeconds(1000 + 3599)), "59 min ago");
  EXPECT_EQ(AgoText(time, absl::FromUnixSeconds(1000 + 86399)), "23 h ago");
  EXPECT_EQ(AgoText(time, absl::FromUnixSeconds(1000 + 864000)), "10 d ago");
}

TEST(FormatTest, LatenciesHaveThreeDigits) {
  EXPECT_EQ(LatencyText(0.821), "0.82 ms");
  EXPECT_EQ(LatencyText(0.001), "0.001 ms");
  EXPECT_EQ(LatencyText(12.34), "12.3 ms");
  EXPECT_EQ(LatencyText(104.4), "104 ms");
}

TEST(FormatTest, PredictedLatencyIsMarked) {
  v1::Candidate candidate;
  EXPECT_EQ(LatencyOf(candidate), "-");
  candidate.set_predicted_latency_ms(12);
  EXPECT_EQ(LatencyOf(candidate), "~12.0 ms");
  candidate.set_latency_ms(13);
  EXPECT_EQ(LatencyOf(candidate), "13.0 ms");
}

TEST(FormatTest, ClipCountsColumnsNotBytes) {
  EXPECT_EQ(Clip("│││││", 5), "│││││");
  EXPECT_EQ(Clip("││││││", 5), "││││…");
  EXPECT_EQ(Clip("abc", 1), "…");
  EXPECT_EQ(Clip("abc", 0), "");
  EXPECT_EQ(ClipPad("ab", 4), "ab  ");
}

TEST(NamesTest, WithOrWithoutTheCollection) {
  EXPECT_THAT(ResourceName("searches", "fox"), IsOkAndHolds("searches/fox"));
  EXPECT_THAT(ResourceName("searches", "searches/fox"), IsOkAndHolds("searches/fox"));
  for (const char* wrong : {"", "searches/", "boards/fox", "searches/fox/candidates/1"}) {
    EXPECT_THAT(ResourceName("searches", wrong), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace boardloop
