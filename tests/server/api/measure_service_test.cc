// MeasureService, as its callers see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Stub = v1::MeasureService::Stub;
using v1::MeasurementJob;

class MeasureServiceTest : public CoordinatorTest {
 protected:
  v1::CreateMeasurementRequest Request() {
    v1::CreateMeasurementRequest request;
    request.mutable_measurement()->set_board_type(kType);
    request.mutable_measurement()->set_model(Upload("model"));
    return request;
  }
  absl::StatusOr<MeasurementJob> Create(const v1::CreateMeasurementRequest& request) {
    return Call(&Stub::CreateMeasurement, request);
  }
  std::string Create() {
    const absl::StatusOr<MeasurementJob> job = Create(Request());
    EXPECT_THAT(job, IsOk());
    return job.ok() ? job->name() : "";
  }
  absl::StatusOr<MeasurementJob> Get(const std::string& name) {
    v1::GetMeasurementRequest request;
    request.set_name(name);
    return Call(&Stub::GetMeasurement, request);
  }
  absl::StatusOr<MeasurementJob> Cancel(const std::string& name) {
    v1::CancelMeasurementRequest request;
    request.set_name(name);
    return Call(&Stub::CancelMeasurement, request);
  }
  absl::StatusOr<v1::ListMeasurementsResponse> List(int32_t size, const std::string& token = "") {
    v1::ListMeasurementsRequest request;
    request.set_page_size(size);
    request.set_page_token(token);
    return Call(&Stub::ListMeasurements, request);
  }
  static v1::TaskResult Measured() {
    v1::TaskResult result;
    result.set_outcome(v1::TaskResult::DONE);
    v1::Measurement& measurement = *result.mutable_measure()->mutable_measurement();
    measurement.set_outcome(v1::Measurement::OK);
    measurement.set_latency_ms(12.5);
    measurement.add_operators()->set_name("first");
    return result;
  }
};

TEST_F(MeasureServiceTest, AMeasurementIsQueuedRunAndDone) {
  v1::CreateMeasurementRequest request = Request();
  // Output only: what a caller says there counts for nothing.
  request.mutable_measurement()->set_name("measurements/mine");
  request.mutable_measurement()->set_state(MeasurementJob::DONE);
  request.mutable_measurement()->set_message("all is well");
  request.mutable_measurement()->set_waiting_for("you");
  request.mutable_measurement()->mutable_end_time()->set_seconds(1);
  request.mutable_measurement()->mutable_measurement()->set_latency_ms(1);
  const absl::StatusOr<MeasurementJob> created = Create(request);
  ASSERT_THAT(created, IsOk());
  EXPECT_NE(created->name(), "measurements/mine");
  EXPECT_EQ(created->state(), MeasurementJob::QUEUED);
  EXPECT_EQ(created->message(), "");
  EXPECT_EQ(created->waiting_for(), "");
  EXPECT_FALSE(created->has_end_time());
  EXPECT_FALSE(created->has_measurement());
  EXPECT_EQ(created->mode(), v1::Measurement::IMAGE);
  EXPECT_EQ(created->inputs(), 1);

  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  Synchronize(agent);
  ASSERT_EQ(agent.response.grants_size(), 1);
  EXPECT_EQ(agent.response.grants(0).payload().measure().model(), request.measurement().model());
  EXPECT_EQ(Get(created->name())->state(), MeasurementJob::RUNNING);
  Finish(agent, agent.response.grants(0).task(), Measured());
  Synchronize(agent);
  const absl::StatusOr<MeasurementJob> done = Get(created->name());
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->state(), MeasurementJob::DONE);
  EXPECT_EQ(done->measurement().latency_ms(), 12.5);
  EXPECT_TRUE(done->has_end_time());
  EXPECT_THAT(Cancel(created->name()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("DONE")));
}

TEST_F(MeasureServiceTest, WhatIsMissingIsSaidWhileItIsQueued) {
  const std::string name = Create();
  EXPECT_THAT(Get(name)->waiting_for(),
              AllOf(HasSubstr(kType), HasSubstr("no agent has registered one")));
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  EXPECT_EQ(Get(name)->waiting_for(), "");
  v1::DrainBoardRequest drain;
  drain.set_name("boards/desk-1");
  ASSERT_THAT(Call(&v1::BoardService::Stub::DrainBoard, drain), IsOk());
  EXPECT_THAT(Get(name)->waiting_for(), HasSubstr("none of the 1 registered is in service"));
}

struct BadField {
  const char* text;  // That the message must have.
  void (*spoil)(v1::CreateMeasurementRequest&);
};

class MeasurementFieldTest : public MeasureServiceTest,
                             public ::testing::WithParamInterface<BadField> {};

TEST_P(MeasurementFieldTest, IsNamedAndNothingIsStored) {
  v1::CreateMeasurementRequest request = Request();
  GetParam().spoil(request);
  EXPECT_THAT(Create(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().text)));
  EXPECT_EQ(List(0)->measurements_size(), 0);
}

const BadField kBadFields[] = {
    {"measurement.inputs is -1",
     [](v1::CreateMeasurementRequest& r) { r.mutable_measurement()->set_inputs(-1); }},
    {"measurement.inputs",
     [](v1::CreateMeasurementRequest& r) { r.mutable_measurement()->set_inputs(10001); }},
    {"measurement.sram_limit_bytes",
     [](v1::CreateMeasurementRequest& r) { r.mutable_measurement()->set_sram_limit_bytes(-1); }},
    {"measurement.mode",
     [](v1::CreateMeasurementRequest& r) {
       r.mutable_measurement()->set_mode(static_cast<v1::Measurement::Mode>(9));
     }},
    {"measurement.model",
     [](v1::CreateMeasurementRequest& r) { r.mutable_measurement()->clear_model(); }},
    {"measurement.board_type",
     [](v1::CreateMeasurementRequest& r) { r.mutable_measurement()->clear_board_type(); }},
    {"measurement.board_type",
     [](v1::CreateMeasurementRequest& r) {
       r.mutable_measurement()->set_board_type("../../etc/passwd");
     }},
    {"measurement.board_type",
     [](v1::CreateMeasurementRequest& r) { r.mutable_measurement()->set_board_type("here.yaml"); }},
    {"measurement.board_type",
     [](v1::CreateMeasurementRequest& r) {
       r.clear_measurement();
       r.mutable_measurement()->set_model("artifacts/x");
     }},
    {"request_id",
     [](v1::CreateMeasurementRequest& r) {
       r.set_request_id("123e4567-e89b-42d3-a456-42661417400g");
     }},
};
INSTANTIATE_TEST_SUITE_P(Fields, MeasurementFieldTest, ::testing::ValuesIn(kBadFields));

TEST_F(MeasureServiceTest, UnknownModelsAndBoardTypesAreNotFound) {
  v1::CreateMeasurementRequest request = Request();
  request.mutable_measurement()->set_model(absl::StrCat("artifacts/", std::string(64, '0')));
  EXPECT_THAT(Create(request),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("measurement.model"), HasSubstr("upload"))));
  request = Request();
  request.mutable_measurement()->set_board_type("z80");
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kNotFound, HasSubstr("z80")));
}

TEST_F(MeasureServiceTest, ARepeatedRequestGetsTheSameMeasurementAlsoAfterARestart) {
  v1::CreateMeasurementRequest request = Request();
  request.set_request_id(kRequestId);
  const absl::StatusOr<MeasurementJob> first = Create(request);
  ASSERT_THAT(first, IsOk());
  Restart();
  const absl::StatusOr<MeasurementJob> again = Create(request);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->name(), first->name());
  EXPECT_EQ(List(0)->measurements_size(), 1);
  request.mutable_measurement()->set_inputs(2);
  EXPECT_THAT(Create(request),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(first->name())));
}

TEST_F(MeasureServiceTest, EqualRequestsWithoutAnIdAreTwoMeasurements) {
  const std::string one = Create(), two = Create();  // While the clock stands.
  EXPECT_NE(one, two);
  EXPECT_EQ(List(0)->measurements_size(), 2);
}

TEST_F(MeasureServiceTest, MeasurementsAreListedInPagesNewestFirstWithoutOperators) {
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) names.push_back(Create());
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  Synchronize(agent);
  Finish(agent, agent.response.grants(0).task(), Measured());
  Synchronize(agent);
  absl::StatusOr<v1::ListMeasurementsResponse> page = List(2);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->measurements()), ElementsAre(names[2], names[1]));
  page = List(1, page->next_page_token());
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->measurements()), ElementsAre(names[0]));
  EXPECT_EQ(page->next_page_token(), "");
  EXPECT_EQ(page->measurements(0).measurement().latency_ms(), 12.5);
  EXPECT_EQ(page->measurements(0).measurement().operators_size(), 0);
  EXPECT_EQ(Get(names[0])->measurement().operators_size(), 1);
  EXPECT_THAT(List(-1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_size")));
  EXPECT_THAT(List(1, "garbage"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
}

TEST_F(MeasureServiceTest, ACancelledMeasurementIsTakenFromItsBoard) {
  const std::string name = Create();
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  Synchronize(agent);
  ASSERT_EQ(agent.request.held_size(), 1);
  const absl::StatusOr<MeasurementJob> cancelled = Cancel(name);
  ASSERT_THAT(cancelled, IsOk());
  EXPECT_EQ(cancelled->state(), MeasurementJob::CANCELLED);
  EXPECT_THAT(Cancel(name), IsOk()) << "again: as it is";
  v1::TaskResult late = Measured();
  Finish(agent, agent.request.held(0).task(), late);
  Synchronize(agent);
  EXPECT_THAT(agent.response.acknowledged(), Not(IsEmpty()));
  EXPECT_EQ(Get(name)->state(), MeasurementJob::CANCELLED) << "a late result counts for nothing";
}

TEST_F(MeasureServiceTest, AStreamEndsWithTheMeasurement) {
  const std::string name = Create();
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  Stub stub(channel_);
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(60));
  v1::WatchMeasurementRequest request;
  request.set_name(name);
  const auto reader = stub.WatchMeasurement(&context, request);
  MeasurementJob job;
  ASSERT_TRUE(reader->Read(&job));
  EXPECT_EQ(job.state(), MeasurementJob::QUEUED);
  Synchronize(agent);
  ASSERT_TRUE(reader->Read(&job));
  EXPECT_EQ(job.state(), MeasurementJob::RUNNING);
  Finish(agent, agent.request.held(0).task(), Measured());
  Synchronize(agent);
  ASSERT_TRUE(reader->Read(&job));
  EXPECT_EQ(job.state(), MeasurementJob::DONE);
  EXPECT_FALSE(reader->Read(&job));
  EXPECT_THAT(FromGrpc(reader->Finish()), IsOk());
}

TEST_F(MeasureServiceTest, UnknownNamesAreNotFoundWithTheReason) {
  for (const char* name : {"", "measurements/x", "searches/x"}) {
    for (const absl::Status& status : {Get(name).status(), Cancel(name).status()}) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr(name)));
      EXPECT_EQ(ReasonOf(status), "RESOURCE_NOT_FOUND");
    }
  }
}

}  // namespace
}  // namespace boardloop
