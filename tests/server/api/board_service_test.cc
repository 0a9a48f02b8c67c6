// BoardService, as its callers see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Stub = v1::BoardService::Stub;

class BoardServiceTest : public CoordinatorTest {
 protected:
  absl::StatusOr<v1::Board> Drain(const std::string& name, const std::string& reason,
                                  const std::string& etag = "") {
    v1::DrainBoardRequest request;
    request.set_name(name);
    request.set_reason(reason);
    request.set_etag(etag);
    return Call(&Stub::DrainBoard, request);
  }
  absl::StatusOr<v1::Board> Quarantine(const std::string& name, const std::string& reason,
                                       const std::string& etag = "") {
    v1::QuarantineBoardRequest request;
    request.set_name(name);
    request.set_reason(reason);
    request.set_etag(etag);
    return Call(&Stub::QuarantineBoard, request);
  }
  absl::StatusOr<v1::Board> Return(const std::string& name) {
    v1::ReturnBoardRequest request;
    request.set_name(name);
    return Call(&Stub::ReturnBoard, request);
  }
  v1::BoardType Type(const std::string& name) {
    const absl::StatusOr<v1::ListBoardTypesResponse> types =
        Call(&Stub::ListBoardTypes, v1::ListBoardTypesRequest());
    EXPECT_THAT(types, IsOk());
    for (const v1::BoardType& type : types->board_types()) {
      if (type.name() == name) return type;
    }
    ADD_FAILURE() << "no " << name;
    return {};
  }
  // Queues a measurement of a user, and gives its name.
  std::string Measure(const std::string& type = kType) {
    v1::CreateMeasurementRequest request;
    request.mutable_measurement()->set_board_type(type);
    request.mutable_measurement()->set_model(Upload("model"));
    const absl::StatusOr<v1::MeasurementJob> job =
        Call(&v1::MeasureService::Stub::CreateMeasurement, request);
    EXPECT_THAT(job, IsOk());
    return job->name();
  }
};

TEST_F(BoardServiceTest, ABoardIsCheckedBeforeItIsInService) {
  TestMember agent = Agent("desk", 1);
  Synchronize(agent);
  EXPECT_EQ(GetBoard("boards/desk-1")->state(), v1::Board::CHECKING);
  Synchronize(agent);
  const absl::StatusOr<v1::Board> board = GetBoard("boards/desk-1");
  ASSERT_THAT(board, IsOk());
  EXPECT_EQ(board->state(), v1::Board::IDLE);
  EXPECT_EQ(board->board_type(), kType);
  EXPECT_EQ(board->agent(), "members/desk");
}

TEST_F(BoardServiceTest, BoardsAreListedInPagesByName) {
  TestMember a = Agent("a", 3), c = Agent("c", 2, "virtual-stm32f746");
  BringUp(a);
  BringUp(c);
  v1::ListBoardsRequest request;
  request.set_page_size(2);
  absl::StatusOr<v1::ListBoardsResponse> page = Call(&Stub::ListBoards, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->boards()), ElementsAre("boards/a-1", "boards/a-2"));
  // One that comes before what was given shifts nothing, one behind it shows.
  TestMember first = Agent("a-0", 1), b = Agent("b", 1);
  BringUp(first);
  BringUp(b);
  request.set_page_token(page->next_page_token());
  page = Call(&Stub::ListBoards, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->boards()), ElementsAre("boards/a-3", "boards/b-1"));
  request.set_page_token(page->next_page_token());
  page = Call(&Stub::ListBoards, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->boards()), ElementsAre("boards/c-1", "boards/c-2"));
  EXPECT_EQ(page->next_page_token(), "");

  request.set_board_type(kType);
  EXPECT_THAT(Call(&Stub::ListBoards, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("of another query")));
  request.clear_page_token();
  request.set_board_type("virtual-stm32f746");
  EXPECT_THAT(NamesOf(Call(&Stub::ListBoards, request)->boards()),
              ElementsAre("boards/c-1", "boards/c-2"));
  request.set_page_size(-3);
  EXPECT_THAT(Call(&Stub::ListBoards, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_size")));
}

// ---- Out of service and back.

TEST_F(BoardServiceTest, ADrainedBoardFinishesWhatItHasAndTakesNothingNew) {
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  const std::string first = Measure();
  agent.request.set_capacity(1);
  Synchronize(agent);
  ASSERT_EQ(agent.request.held_size(), 1);
  const absl::StatusOr<v1::Board> drained = Drain("boards/desk-1", "new cable");
  ASSERT_THAT(drained, IsOk());
  EXPECT_EQ(drained->state(), v1::Board::DRAINED);
  EXPECT_EQ(drained->reason(), "new cable");
  Measure();
  Synchronize(agent);
  EXPECT_EQ(agent.request.held_size(), 1) << "it keeps what it had, and gets no more";
  const absl::StatusOr<v1::Board> again = Drain("boards/desk-1", "another reason");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->reason(), "new cable") << "a drained board is returned as it is";
  EXPECT_EQ(again->etag(), drained->etag());

  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  result.mutable_measure()->mutable_measurement()->set_outcome(v1::Measurement::OK);
  Finish(agent, agent.request.held(0).task(), result);
  Synchronize(agent);
  v1::GetMeasurementRequest get;
  get.set_name(first);
  EXPECT_EQ(Call(&v1::MeasureService::Stub::GetMeasurement, get)->state(),
            v1::MeasurementJob::DONE);
  EXPECT_EQ(agent.response.grants_size(), 0);

  const absl::StatusOr<v1::Board> returned = Return("boards/desk-1");
  ASSERT_THAT(returned, IsOk());
  EXPECT_EQ(returned->state(), v1::Board::CHECKING);
  Synchronize(agent);
  EXPECT_EQ(agent.response.orders_size(), 1) << "it is checked first";
  Synchronize(agent);
  EXPECT_EQ(agent.response.grants_size(), 1);
}

TEST_F(BoardServiceTest, WhatRunsOnAQuarantinedBoardIsMeasuredElsewhere) {
  TestMember one = Agent("one", 1), two = Agent("two", 1);
  BringUp(one);
  Measure();
  Synchronize(one);
  ASSERT_EQ(one.request.held_size(), 1);
  const std::string task = one.request.held(0).task();
  ASSERT_THAT(Quarantine("boards/one-1", "wrong bytes"), IsOk());
  Synchronize(one);
  EXPECT_THAT(one.response.keep(), IsEmpty());
  BringUp(two);
  Synchronize(two);
  ASSERT_EQ(two.request.held_size(), 1);
  EXPECT_EQ(two.request.held(0).task(), task);
}

TEST_F(BoardServiceTest, AQuarantineNeedsAReasonAndTakesABetterOne) {
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  EXPECT_THAT(Quarantine("boards/desk-1", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("reason")));
  ASSERT_THAT(Quarantine("boards/desk-1", "wrong bytes"), IsOk());
  const absl::StatusOr<v1::Board> better = Quarantine("boards/desk-1", "its flash is worn");
  ASSERT_THAT(better, IsOk());
  const absl::StatusOr<v1::Board> stored = GetBoard("boards/desk-1");
  EXPECT_EQ(stored->reason(), "its flash is worn");
  EXPECT_EQ(stored->etag(), better->etag());
  EXPECT_EQ(stored->state(), v1::Board::QUARANTINED);
  EXPECT_EQ(Return("boards/desk-1")->state(), v1::Board::CHECKING);
}

TEST_F(BoardServiceTest, ABoardInServiceCannotBeReturned) {
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  EXPECT_THAT(Return("boards/desk-1"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("IDLE")));
}

TEST_F(BoardServiceTest, AnEtagThatIsNotTheCurrentOneIsAborted) {
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  const std::string seen = GetBoard("boards/desk-1")->etag();
  // Whoever changes it: here the agent, which finds it unplugged.
  agent.request.mutable_boards(0)->set_unusable("unplugged");
  Synchronize(agent);
  EXPECT_THAT(Drain("boards/desk-1", "", seen), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Quarantine("boards/desk-1", "x", seen), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Drain("boards/desk-1", "", GetBoard("boards/desk-1")->etag()), IsOk());
}

TEST_F(BoardServiceTest, MeasuringLeavesTheEtagAsItIs) {
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  const std::string seen = GetBoard("boards/desk-1")->etag();
  Measure();
  Synchronize(agent);
  ASSERT_EQ(GetBoard("boards/desk-1")->state(), v1::Board::MEASURING);
  EXPECT_THAT(Drain("boards/desk-1", "", seen), IsOk());
}

TEST_F(BoardServiceTest, UnknownBoardsAreNotFoundWithTheReason) {
  for (const char* name : {"", "boards/x", "searches/x"}) {
    for (const absl::Status& status : {GetBoard(name).status(), Drain(name, "r").status(),
                                       Quarantine(name, "r").status(), Return(name).status()}) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr(name)));
      EXPECT_EQ(ReasonOf(status), "RESOURCE_NOT_FOUND");
    }
  }
}

// ---- Board types and members.

TEST_F(BoardServiceTest, BoardTypesTellOfTheirBoardsAndQueues) {
  v1::BoardType type = Type(kType);
  EXPECT_TRUE(type.measurable());
  EXPECT_TRUE(type.virtual_());
  EXPECT_GT(type.sram_bytes(), 0);
  EXPECT_EQ(type.boards(), 0);
  EXPECT_EQ(type.queued(), 0);
  TestMember agent = Agent("desk", 3);
  BringUp(agent);
  ASSERT_THAT(Drain("boards/desk-2", ""), IsOk());
  Measure();
  clock_.Advance(absl::Seconds(7));
  Measure();
  type = Type(kType);
  EXPECT_EQ(type.boards(), 3);
  EXPECT_EQ(type.boards_in_service(), 2);
  EXPECT_EQ(type.queued(), 2);
  EXPECT_DOUBLE_EQ(type.oldest_queued_seconds(), 7);
  clock_.Jump(absl::Hours(-1));
  EXPECT_EQ(Type(kType).oldest_queued_seconds(), 0) << "the clock was set back";
  EXPECT_EQ(Type("virtual-stm32f746").boards(), 0);
}

TEST_F(BoardServiceTest, BoardTypesTellHowGoodTheirPredictorIs) {
  EXPECT_EQ(Type(kType).predictor_measurements(), 0);
  CreateInSupernet("a");
  Await("searches/a", [](const v1::Search& s) { return s.progress().candidates() == 6; });
  TestMember agent = Agent("desk", 1), worker = Worker("w", {SmallSpec().dataset().path()});
  BringUp(agent);
  // Until the second generation has begun, which is predicted from the first.
  while (Get("searches/a")->progress().candidates() < 10) {
    Synchronize(worker);
    Synchronize(agent);
    for (const v1::Grant& grant : worker.response.grants()) {
      v1::TaskResult result;
      result.set_outcome(v1::TaskResult::DONE);
      result.mutable_score()->set_top1(0.5);
      Finish(worker, grant.task(), result);
    }
    for (const v1::Grant& grant : agent.response.grants()) {
      v1::TaskResult result;
      result.set_outcome(v1::TaskResult::DONE);
      v1::Measurement& measurement = *result.mutable_measure()->mutable_measurement();
      measurement.set_outcome(v1::Measurement::OK);
      measurement.set_latency_ms(5 + 0.01 * static_cast<double>(grant.task().back()));
      Finish(agent, grant.task(), result);
    }
  }
  for (int i = 0; i < 2; ++i) {
    const v1::BoardType type = Type(kType);
    EXPECT_EQ(type.predictor_measurements(), 6);
    EXPECT_GT(type.predictor_error_percent(), 0);
    EXPECT_LT(type.predictor_error_percent(), 1000);
    EXPECT_EQ(Type("virtual-stm32f746").predictor_measurements(), 0);
    Restart();  // It is in the store.
  }
}

TEST_F(BoardServiceTest, MembersAreListedByKindInPages) {
  TestMember worker = Worker("w", {}), agent = Agent("a", 1), drained = Worker("d", {});
  Synchronize(worker);
  BringUp(agent);
  drained.request.set_draining(true);
  Synchronize(drained);
  v1::ListMembersRequest request;
  request.set_page_size(2);
  absl::StatusOr<v1::ListMembersResponse> page = Call(&Stub::ListMembers, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->members()), ElementsAre("members/a", "members/d"));
  EXPECT_EQ(page->members(0).kind(), v1::Member::AGENT);
  EXPECT_EQ(page->members(0).state(), v1::Member::ACTIVE);
  EXPECT_EQ(page->members(1).state(), v1::Member::DRAINING);
  request.set_page_token(page->next_page_token());
  page = Call(&Stub::ListMembers, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->members()), ElementsAre("members/w"));
  request.set_kind(v1::Member::AGENT);
  EXPECT_THAT(Call(&Stub::ListMembers, request), StatusIs(absl::StatusCode::kInvalidArgument));
  request.clear_page_token();
  EXPECT_THAT(NamesOf(Call(&Stub::ListMembers, request)->members()), ElementsAre("members/a"));
}

}  // namespace
}  // namespace boardloop
