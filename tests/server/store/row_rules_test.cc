#include "server/store/row_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

TEST(RowRulesTest, ACandidatesNameHasItsSearchAndNumber) {
  const absl::StatusOr<CandidateKey> key = ParseCandidateName("searches/s-1/candidates/42");
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->search, "searches/s-1");
  EXPECT_EQ(key->number, 42);
}

TEST(RowRulesTest, OtherNamesAreNoCandidates) {
  for (const char* name :
       {"", "searches/s", "searches/s/candidates/", "searches/s/candidates/0",
        "searches/s/candidates/-1", "searches/s/candidates/+1", "searches/s/candidates/01",
        "searches/s/candidates/1x", "searches/s/candidates/99999999999999999999",
        "searches//candidates/1", "searches/s/t/candidates/1", "boards/s/candidates/1",
        "searches/s/candidates/1/candidates/2"}) {
    EXPECT_THAT(ParseCandidateName(name),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("candidates/{number")))
        << name;
  }
}

TEST(RowRulesTest, NamesAreOfTheirCollection) {
  v1::Board board;
  for (const char* name : {"", "boards/", "members/a", "boards/a/b"}) {
    board.set_name(name);
    EXPECT_THAT(CheckRow(board), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
  }
  board.set_name("boards/a");
  EXPECT_THAT(CheckRow(board), IsOk());
}

TEST(RowRulesTest, ATaskNeedsOwnerKindAndState) {
  store::Task task;
  EXPECT_THAT(CheckRow(task), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("owner")));
  task.set_owner("searches/a");
  EXPECT_THAT(CheckRow(task), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("kind")));
  task.set_kind(store::Task::SCORE);
  EXPECT_THAT(CheckRow(task), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("state")));
  task.set_state(store::Task::QUEUED);
  EXPECT_THAT(CheckRow(task), IsOk());
}

TEST(RowRulesTest, ATokenIsKnownByAWholeHashAndHasUses) {
  store::Token token;
  token.set_sha256("abc");
  token.set_uses(1);
  EXPECT_THAT(CheckRow(token), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64")));
  token.set_sha256(std::string(64, 'a'));
  EXPECT_THAT(CheckRow(token), IsOk());
  token.set_uses(0);
  EXPECT_THAT(CheckRow(token), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("use")));
}

TEST(RowRulesTest, AnArtifactHasNoNegativeSize) {
  store::ArtifactRow artifact;
  artifact.set_sha256("a");
  artifact.set_size_bytes(-1);
  EXPECT_THAT(CheckRow(artifact), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace boardloop
