// The pages of a whole coordinator.
#include "server/pages/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/store/sqlite_store.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PagesTest : public CoordinatorTest {
 protected:
  // As if it had delivered `report`.
  void Succeed(const std::string& name, const std::string& report) {
    const std::string artifact = Upload(report);
    Stop();
    {
      const absl::StatusOr<std::unique_ptr<SqliteStore>> store =
          SqliteStore::Open(folder_.Path("state/boardloop.db"), {});
      ASSERT_THAT(store, IsOk());
      ASSERT_THAT((*store)->Run([&](Transaction& tx) -> absl::Status {
        v1::Search search;
        search.set_name(name);
        search.set_state(v1::Search::SUCCEEDED);
        search.set_stage(v1::Search::DONE);
        v1::Deliverable& file = *search.add_deliverables();
        file.set_file_name("report.html");
        file.set_artifact(artifact);
        return tx.PutSearch(search);
      }),
                  IsOk());
    }
    Start();
  }
};

TEST_F(PagesTest, SearchesAreListedNewestFirstWithTheirSlots) {
  Create("first");
  Create("second");
  const HttpAnswer answer = coordinator_->Page("/searches");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.type, "application/json");
  const nlohmann::json json = nlohmann::json::parse(answer.body);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["name"], "searches/second");
  EXPECT_EQ(json[0]["slot"], 2);
  EXPECT_EQ(json[1]["name"], "searches/first");
  EXPECT_EQ(json[1]["slot"], 1);
  const HttpAnswer page = coordinator_->Page("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.type, HasSubstr("text/html"));
  EXPECT_THAT(page.body, AllOf(HasSubstr("second"), HasSubstr("first")));
}

TEST_F(PagesTest, ATitleIsEscaped) {
  v1::CreateSearchRequest request = CreateRequest("s");
  request.mutable_search()->set_display_name("<script>alert(1)</script>");
  ASSERT_THAT(Call(&v1::SearchService::Stub::CreateSearch, request), IsOk());
  EXPECT_THAT(coordinator_->Page("/").body,
              AllOf(HasSubstr("&lt;script&gt;alert(1)"), ::testing::Not(HasSubstr("<script>"))));
}

TEST_F(PagesTest, TheReportOfAnEndedSearchIsShownAsItWasDelivered) {
  Succeed("searches/done", "<html>the report</html>");
  const HttpAnswer answer = coordinator_->Page("/searches/done/report");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.type, HasSubstr("text/html"));
  EXPECT_EQ(answer.body, "<html>the report</html>");
  EXPECT_THAT(coordinator_->Page("/").body, HasSubstr("/searches/done/report"));
}

TEST_F(PagesTest, WhatThereIsNotIsSaidInText) {
  Create("s");
  const HttpAnswer running = coordinator_->Page("/searches/s/report");
  EXPECT_EQ(running.status, 404);
  EXPECT_THAT(running.type, HasSubstr("text/plain"));
  EXPECT_THAT(running.body, AllOf(HasSubstr("searches/s is RUNNING"), HasSubstr("no report")));
  const HttpAnswer unknown = coordinator_->Page("/searches/none/report");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("there is no searches/none"));
  for (const char* path : {"/nothing", "/searches/", "/searches//report", "/searches/s"}) {
    const HttpAnswer answer = coordinator_->Page(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr("/searches/NAME/report")) << path;
  }
}

TEST_F(PagesTest, AHundredAreShown) {
  for (int i = 0; i < 101; ++i) Create(absl::StrCat("s-", i));
  EXPECT_EQ(nlohmann::json::parse(coordinator_->Page("/searches").body).size(), 100u);
  EXPECT_THAT(coordinator_->Page("/").body, HasSubstr("newest 100"));
}

}  // namespace
}  // namespace boardloop
