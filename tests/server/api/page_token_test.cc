#include "server/api/page_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "boardloop/v1/event.pb.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

constexpr char kQuery[] = "events/";

// `count` events of about `bytes` each, numbered from 1.
std::vector<v1::Event> Events(int count, size_t bytes) {
  std::vector<v1::Event> events(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    events[static_cast<size_t>(i)].set_sequence(i + 1);
    events[static_cast<size_t>(i)].set_text(std::string(bytes, 'x'));
  }
  return events;
}

std::string Cut(std::vector<v1::Event>& rows, int32_t page_size) {
  const absl::StatusOr<ListPage> page = ListPage::Make(page_size, "", 100, kQuery);
  EXPECT_THAT(page, IsOk());
  return page->Cut(rows, [](const v1::Event& event) { return event.sequence(); });
}

TEST(ListPageTest, APageHasAsManyRowsAsAskedFor) {
  std::vector<v1::Event> rows = Events(4, 10);
  EXPECT_NE(Cut(rows, 3), "");
  EXPECT_EQ(rows.size(), 3U);
  EXPECT_EQ(Cut(rows, 3), "");
}

TEST(ListPageTest, APageEndsBeforeItGetsTooLargeForAMessageAndTheNextGoesOnThere) {
  std::vector<v1::Event> rows = Events(5, 1 << 20);
  const std::string token = Cut(rows, 5);
  EXPECT_EQ(rows.size(), 2U);  // A third would exceed 3 MiB, with its number.
  const absl::StatusOr<ListPage> next = ListPage::Make(5, token, 100, kQuery);
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->ToRead().after, 2);
}

TEST(ListPageTest, ARowThatIsTooLargeIsAPageByItself) {
  std::vector<v1::Event> rows = Events(2, 5 << 20);
  EXPECT_NE(Cut(rows, 5), "");
  EXPECT_EQ(rows.size(), 1U);
  EXPECT_EQ(Cut(rows, 5), "");
}

}  // namespace
}  // namespace boardloop
