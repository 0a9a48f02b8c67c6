#include "server/pages/search_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SearchRow Running() {
  SearchRow row;
  row.search.set_name("searches/fashion");
  row.search.set_state(v1::Search::RUNNING);
  row.search.set_stage(v1::Search::EVOLUTION);
  row.search.mutable_progress()->set_stage_fraction(0.25);
  row.search.mutable_progress()->set_best("searches/fashion/candidates/3");
  row.search.mutable_progress()->set_best_top1(0.8125);
  row.search.mutable_progress()->set_best_latency_ms(12.5);
  row.best_sram_bytes = 21504;
  row.remaining = absl::Seconds(90.5);
  row.slot = 3;
  return row;
}

SearchRow Succeeded() {
  SearchRow row = Running();
  row.search.set_name("searches/done");
  row.search.set_state(v1::Search::SUCCEEDED);
  row.search.set_stage(v1::Search::DONE);
  row.has_report = true;
  return row;
}

TEST(SearchPageTest, SaysHowFarASearchIs) {
  const std::string html = SearchesHtml({Running()}, /*more=*/false);
  for (const char* text : {">fashion<", ">3<", ">running<", ">evolution<", ">25 %<", ">1m30s<",
                           ">81.2 %<", ">12.50 ms<", ">21504 B<"}) {
    EXPECT_THAT(html, HasSubstr(text));
  }
  EXPECT_THAT(html, Not(HasSubstr(">report</a>"))) << "it has none yet";
}

TEST(SearchPageTest, LinksToTheReportOfOneThatHasOne) {
  EXPECT_THAT(SearchesHtml({Succeeded()}, false), HasSubstr("href=\"/searches/done/report\""));
}

TEST(SearchPageTest, WhatUsersWriteIsTextAndNoMarkup) {
  SearchRow row = Running();
  row.search.set_name("searches/<b>\"name\"");
  row.search.set_display_name("<script>alert(1)</script>");
  row.search.set_waiting_for("<img src=x onerror=alert(2)>");
  row.has_report = true;
  const std::string html = SearchesHtml({row}, false);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
}

TEST(SearchPageTest, SaysThatOlderOnesAreLeftOut) {
  EXPECT_THAT(SearchesHtml({Running()}, /*more=*/true), HasSubstr("newest 1"));
  EXPECT_THAT(SearchesHtml({Running()}, /*more=*/false), Not(HasSubstr("newest")));
  EXPECT_THAT(SearchesHtml({}, false), HasSubstr("none yet"));
}

TEST(SearchPageTest, TheJsonHasTheSame) {
  const nlohmann::json json = nlohmann::json::parse(SearchesJson({Running(), Succeeded()}));
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["name"], "searches/fashion");
  EXPECT_EQ(json[0]["slot"], 3);
  EXPECT_EQ(json[0]["state"], "running");
  EXPECT_EQ(json[0]["stage"], "evolution");
  EXPECT_EQ(json[0]["progress"], 0.25);
  EXPECT_EQ(json[0]["remaining_seconds"], 90.5);
  EXPECT_EQ(json[0]["best_top1"], 0.8125);
  EXPECT_EQ(json[0]["best_sram_bytes"], 21504);
  EXPECT_FALSE(json[0].contains("report"));
  EXPECT_EQ(json[1]["report"], "/searches/done/report");
  EXPECT_FALSE(json[1].contains("progress"));
}

}  // namespace
}  // namespace boardloop
