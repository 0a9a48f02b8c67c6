#include "server/metrics/search_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Names(int from, int to) {
  std::vector<std::string> names;
  for (int i = from; i <= to; ++i) names.push_back(absl::StrCat("s", i));
  return names;
}

TEST(SearchSlotsTest, ASearchKeepsItsSlotWhenItEnds) {
  SearchSlots slots;
  EXPECT_THAT(slots.Assign({"a", "b"}, {}), ElementsAre("a", "b", "", "", "", "", "", ""));
  EXPECT_THAT(slots.Assign({"b", "c"}, {"a"}), ElementsAre("a", "b", "c", "", "", "", "", ""));
}

TEST(SearchSlotsTest, TheOneThatEndedFirstGivesWay) {
  SearchSlots slots;
  slots.Assign(Names(1, 8), {});
  slots.Assign({"s1", "s2", "s4", "s5", "s6", "s7", "s8"}, {});
  slots.Assign({"s1", "s4", "s5", "s6", "s7", "s8"}, {});
  EXPECT_THAT(slots.Assign({"s1", "s4", "s5", "s6", "s7", "s8", "s9"}, {}),
              ElementsAre("s1", "s2", "s9", "s4", "s5", "s6", "s7", "s8"));
}

TEST(SearchSlotsTest, RunningSearchesBeyondTheSlotsWaitForOne) {
  SearchSlots slots;
  EXPECT_EQ(slots.Assign(Names(1, 10), {}), Names(1, 8));
  EXPECT_THAT(slots.Assign(Names(2, 10), {}),
              ElementsAre("s9", "s2", "s3", "s4", "s5", "s6", "s7", "s8"));
}

TEST(SearchSlotsTest, UnusedSlotsShowTheNewestThatHaveEnded) {
  SearchSlots slots;
  EXPECT_THAT(slots.Assign({"a"}, {"newest", "older"}),
              ElementsAre("a", "older", "newest", "", "", "", "", ""));
  slots.Assign(Names(1, 6), {});
  EXPECT_THAT(slots.Assign(Names(1, 6), {}),
              ElementsAre("a", "s6", "newest", "s1", "s2", "s3", "s4", "s5"))
      << "the older one gives way first";
}

TEST(SearchSlotsTest, NoneIsShownTwice) {
  SearchSlots slots;
  slots.Assign({"a"}, {});
  EXPECT_THAT(slots.Assign({}, {"a"}), ElementsAre("a", "", "", "", "", "", "", ""));
}

}  // namespace
}  // namespace boardloop
