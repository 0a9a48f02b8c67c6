// SearchService, as its callers see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/checkpoint_bytes.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Stub = v1::SearchService::Stub;

class SearchServiceTest : public CoordinatorTest {
 protected:
  absl::StatusOr<v1::Search> Create(const v1::CreateSearchRequest& request) {
    return Call(&Stub::CreateSearch, request);
  }
  using CoordinatorTest::Create;

  v1::ListSearchesResponse List() {
    absl::StatusOr<v1::ListSearchesResponse> list =
        Call(&Stub::ListSearches, v1::ListSearchesRequest());
    EXPECT_THAT(list, IsOk());
    return list.ok() ? *list : v1::ListSearchesResponse();
  }
  absl::StatusOr<v1::Search> Cancel(const std::string& name, const std::string& etag = "") {
    v1::CancelSearchRequest request;
    request.set_name(name);
    request.set_etag(etag);
    return Call(&Stub::CancelSearch, request);
  }
  // The stream's answers, and how it ended.
  absl::Status Watch(const std::string& name, const std::string& token,
                     std::vector<v1::WatchSearchResponse>* answers) {
    Stub stub(channel_);
    grpc::ClientContext context;
    SetDeadline(context, absl::Seconds(60));
    v1::WatchSearchRequest request;
    request.set_name(name);
    request.set_resume_token(token);
    const auto reader = stub.WatchSearch(&context, request);
    v1::WatchSearchResponse answer;
    while (reader->Read(&answer)) answers->push_back(answer);
    return FromGrpc(reader->Finish());
  }
  // A search that nothing can meet: it ends by itself.
  v1::CreateSearchRequest Impossible(const std::string& id) {
    v1::CreateSearchRequest request = CreateRequest(id);
    request.mutable_search()->mutable_spec()->mutable_limits()->set_sram_bytes(100);
    return request;
  }
  v1::Search AwaitEnd(const std::string& name) {
    return Await(name, [](const v1::Search& s) { return s.state() != v1::Search::RUNNING; });
  }
};

// ---- Create.

TEST_F(SearchServiceTest, ACreatedSearchIsFoundAndListed) {
  v1::CreateSearchRequest request = CreateRequest("first");
  request.mutable_search()->set_display_name("My first one");
  request.mutable_search()->set_winner("searches/first/candidates/1");  // Output only.
  request.mutable_search()->set_state(v1::Search::SUCCEEDED);
  const absl::StatusOr<v1::Search> created = Create(request);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->name(), "searches/first");
  EXPECT_EQ(created->display_name(), "My first one");
  EXPECT_EQ(created->state(), v1::Search::RUNNING);
  EXPECT_EQ(created->winner(), "");
  EXPECT_NE(created->etag(), "");
  EXPECT_GT(created->limits().sram_bytes(), 0) << "those of the board type are filled in";
  EXPECT_EQ(created->create_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  const absl::StatusOr<v1::Search> got = Get("searches/first");
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->display_name(), "My first one");
  EXPECT_THAT(NamesOf(List().searches()), ElementsAre("searches/first"));
}

TEST_F(SearchServiceTest, WithoutAnIdEachSearchGetsOneAlsoWhileTheClockStands) {
  const v1::Search one = Create(""), two = Create("");
  EXPECT_THAT(one.name(), StartsWith("searches/2027"));
  EXPECT_THAT(two.name(), StartsWith("searches/2027"));
  EXPECT_NE(one.name(), two.name());
}

TEST_F(SearchServiceTest, ASpecIsLaidOverAPreset) {
  v1::CreateSearchRequest request;
  request.set_search_id("first");
  request.set_preset("quick");
  request.mutable_search()->mutable_spec()->mutable_limits()->set_latency_ms(25);
  request.mutable_search()->mutable_spec()->mutable_evolution()->set_generations(1);
  const absl::StatusOr<v1::Search> created = Create(request);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->spec().limits().latency_ms(), 25);
  EXPECT_EQ(created->spec().evolution().generations(), 1);
  EXPECT_EQ(created->spec().evolution().population(), 24);
  EXPECT_EQ(created->spec().space().name(), "mbv2-small-image");
}

TEST_F(SearchServiceTest, APopulationOverAPresetScalesParentsAndChildren) {
  v1::CreateSearchRequest request;
  request.set_search_id("first");
  request.set_preset("quick");
  request.mutable_search()->mutable_spec()->mutable_evolution()->set_population(4);
  const absl::StatusOr<v1::Search> created = Create(request);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->spec().evolution().parents(), 1);
  EXPECT_EQ(created->spec().evolution().crossovers(), 2);
  EXPECT_EQ(created->spec().evolution().mutations(), 2);
}

TEST_F(SearchServiceTest, ASearchInASupernetHasTheDataSetOfItsCheckpoint) {
  v1::CreateSearchRequest request;
  request.set_preset("standard");
  request.mutable_search()->mutable_spec()->set_supernet_artifact(UploadSupernet());
  const absl::StatusOr<v1::Search> created = Create(request);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->spec().dataset().path(), SmallSpec().dataset().path());
  EXPECT_EQ(created->spec().space().classes(), 10);
  EXPECT_EQ(created->spec().evolution().generations(), 30);  // Of the preset.

  v1::DatasetSpec& mine = *request.mutable_search()->mutable_spec()->mutable_dataset();
  mine.set_kind(v1::DatasetSpec::IMAGE_FOLDER);
  mine.set_path("/data/mine");
  for (const bool validate_only : {false, true}) {
    request.set_validate_only(validate_only);
    EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                          AllOf(HasSubstr("image_folder /data/mine"),
                                                HasSubstr(SmallSpec().dataset().path()))));
  }
}

TEST_F(SearchServiceTest, ASupernetThatIsCutOffIsRefused) {
  v1::CheckpointHeader header;
  header.mutable_supernet()->set_resolution(28);
  header.set_parameters(1000);
  header.add_tensors(v1::CheckpointHeader::WEIGHTS);
  const std::string bytes = CheckpointBytes(header);
  v1::CreateSearchRequest request;
  request.set_preset("quick");
  request.mutable_search()->mutable_spec()->set_supernet_artifact(Upload(bytes.substr(0, 2000)));
  for (const bool validate_only : {false, true}) {
    request.set_validate_only(validate_only);
    EXPECT_THAT(Create(request),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("supernet_artifact"), HasSubstr("it is cut off"))));
  }
}

TEST_F(SearchServiceTest, AnUnknownPresetIsRefused) {
  v1::CreateSearchRequest request = CreateRequest("first");
  request.set_preset("slow");
  EXPECT_THAT(Create(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("there are quick, standard")));
}

TEST_F(SearchServiceTest, AnIdThatIsTakenIsRefused) {
  Create("first");
  EXPECT_THAT(Create(CreateRequest("first")),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("searches/first")));
}

struct BadField {
  const char* text;  // That the message must have.
  void (*spoil)(v1::CreateSearchRequest&);
};

class SearchFieldTest : public SearchServiceTest, public ::testing::WithParamInterface<BadField> {};

TEST_P(SearchFieldTest, IsNamedAndNothingIsStored) {
  v1::CreateSearchRequest request = CreateRequest("bad");
  GetParam().spoil(request);
  for (const bool validate_only : {false, true}) {
    request.set_validate_only(validate_only);
    EXPECT_THAT(Create(request),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().text)));
  }
  EXPECT_EQ(List().searches_size(), 0);
}

const BadField kBadFields[] = {
    {"search_id", [](v1::CreateSearchRequest& r) { r.set_search_id("Not Good"); }},
    {"search_id", [](v1::CreateSearchRequest& r) { r.set_search_id(std::string(64, 'a')); }},
    {"request_id", [](v1::CreateSearchRequest& r) { r.set_request_id("17"); }},
    {"dataset.kind",
     [](v1::CreateSearchRequest& r) {
       r.clear_search();
       r.mutable_search()->mutable_spec()->set_board_type(kType);
     }},
    {"board_type",
     [](v1::CreateSearchRequest& r) { r.mutable_search()->mutable_spec()->clear_board_type(); }},
    {"board_type",
     [](v1::CreateSearchRequest& r) {
       r.mutable_search()->mutable_spec()->set_board_type("/etc/passwd");
     }},
    {"board_type",
     [](v1::CreateSearchRequest& r) {
       r.mutable_search()->mutable_spec()->set_board_type("here.yaml");
     }},
    {"evolution.population",
     [](v1::CreateSearchRequest& r) {
       r.mutable_search()->mutable_spec()->mutable_evolution()->set_population(1);
     }},
    {"limits.latency_ms",
     [](v1::CreateSearchRequest& r) {
       r.mutable_search()->mutable_spec()->mutable_limits()->set_latency_ms(-1);
     }},
    {"supernet_artifact",
     [](v1::CreateSearchRequest& r) {
       r.mutable_search()->mutable_spec()->set_supernet_artifact("artifacts/../x");
     }},
};
INSTANTIATE_TEST_SUITE_P(Fields, SearchFieldTest, ::testing::ValuesIn(kBadFields));

TEST_F(SearchServiceTest, UnknownBoardTypesAndSupernetsAreNotFound) {
  v1::CreateSearchRequest request = CreateRequest("a");
  request.mutable_search()->mutable_spec()->set_board_type("z80");
  EXPECT_THAT(Create(request),
              StatusIs(absl::StatusCode::kNotFound, AllOf(HasSubstr("z80"), HasSubstr(kType))));
  request = CreateRequest("a");
  v1::SearchSpec& spec = *request.mutable_search()->mutable_spec();
  spec.clear_supernet_training();
  spec.clear_space_optimization();
  spec.set_supernet_artifact(absl::StrCat("artifacts/", std::string(64, '0')));
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kNotFound));
}

// ---- request_id.

TEST_F(SearchServiceTest, ARepeatedRequestGetsTheSameSearchAlsoAfterARestart) {
  v1::CreateSearchRequest request = CreateRequest("");
  request.set_request_id(kRequestId);
  const absl::StatusOr<v1::Search> first = Create(request);
  ASSERT_THAT(first, IsOk());
  for (int i = 0; i < 2; ++i) {
    clock_.Advance(absl::Hours(1));
    const absl::StatusOr<v1::Search> again = Create(request);
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->name(), first->name());
    Restart();
  }
  EXPECT_EQ(List().searches_size(), 1);
}

TEST_F(SearchServiceTest, AnotherRequestOfTheSameIdIsRefused) {
  v1::CreateSearchRequest request = CreateRequest("");
  request.set_request_id(kRequestId);
  const absl::StatusOr<v1::Search> first = Create(request);
  ASSERT_THAT(first, IsOk());
  request.mutable_search()->mutable_spec()->set_seed(2);
  EXPECT_THAT(Create(request),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(first->name())));
  v1::CreateMeasurementRequest other;  // Of another service, too.
  other.set_request_id(kRequestId);
  other.mutable_measurement()->set_board_type(kType);
  other.mutable_measurement()->set_model(Upload("model"));
  EXPECT_THAT(Call(&v1::MeasureService::Stub::CreateMeasurement, other),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(first->name())));
  request.set_request_id(kOtherId);
  EXPECT_THAT(Create(request), IsOk());
}

TEST_F(SearchServiceTest, ARefusedRequestLeavesItsIdFree) {
  v1::CreateSearchRequest request = CreateRequest("a");
  request.set_request_id(kRequestId);
  request.mutable_search()->mutable_spec()->set_board_type("z80");
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kNotFound));
  request.mutable_search()->mutable_spec()->set_board_type(kType);
  EXPECT_THAT(Create(request), IsOk());
}

// ---- Is it possible at all?

TEST_F(SearchServiceTest, ValidateOnlyChoosesAPairAndStoresNothing) {
  v1::CreateSearchRequest request = CreateRequest("a");
  request.set_validate_only(true);
  const absl::StatusOr<v1::Search> search = Create(request);
  ASSERT_THAT(search, IsOk());
  EXPECT_GT(search->resolution(), 0);
  EXPECT_GT(search->spaces_size(), 0);
  EXPECT_EQ(List().searches_size(), 0);
}

TEST_F(SearchServiceTest, LimitsThatNothingMeetsNameTheClosestMiss) {
  const auto names_it = AllOf(HasSubstr("no network of the space fits: the closest, "),
                              HasSubstr("B of SRAM (limit 100)"), HasSubstr("B of flash"));
  v1::CreateSearchRequest request = Impossible("a");
  request.set_validate_only(true);
  const absl::StatusOr<v1::Search> validated = Create(request);
  ASSERT_THAT(validated, IsOk());
  EXPECT_EQ(validated->state(), v1::Search::INFEASIBLE);
  EXPECT_THAT(validated->message(), names_it);

  request.set_validate_only(false);
  ASSERT_THAT(Create(request), IsOk());
  const v1::Search ended = AwaitEnd("searches/a");
  EXPECT_EQ(ended.state(), v1::Search::INFEASIBLE);
  EXPECT_THAT(ended.message(), names_it);
  EXPECT_TRUE(ended.has_end_time());
}

// ---- What is waited for.

TEST_F(SearchServiceTest, ADataSetThatNoWorkerHasIsSaid) {
  Create("a");
  v1::Search search =
      Await("searches/a", [](const v1::Search& s) { return !s.waiting_for().empty(); });
  EXPECT_EQ(search.stage(), v1::Search::SUPERNET);
  EXPECT_THAT(search.waiting_for(), HasSubstr("a worker: none is connected"));

  TestMember worker = Worker("w", {"/some/other/data"});
  Synchronize(worker);
  EXPECT_THAT(worker.response.asked_datasets(), ElementsAre(SmallSpec().dataset().path()));
  EXPECT_EQ(worker.response.grants_size(), 0);
  EXPECT_THAT(Get("searches/a")->waiting_for(),
              AllOf(HasSubstr(SmallSpec().dataset().path()), HasSubstr("none of the 1 connected")));

  worker.request.add_datasets(SmallSpec().dataset().path());
  Synchronize(worker);
  EXPECT_EQ(worker.response.grants_size(), 1);
  EXPECT_EQ(Get("searches/a")->waiting_for(), "");
}

TEST_F(SearchServiceTest, ABoardTypeThatNobodyRegisteredIsSaid) {
  CreateInSupernet("a");
  Await("searches/a", [](const v1::Search& s) { return s.progress().candidates() > 0; });
  TestMember worker = Worker("w", {SmallSpec().dataset().path()});
  worker.request.set_capacity(100);
  Synchronize(worker);
  EXPECT_EQ(worker.response.grants_size(), 6);
  EXPECT_EQ(Get("searches/a")->waiting_for(),
            absl::StrCat("a board of type ", kType, ": no agent has registered one"));
  TestMember other = Agent("other", 1, "virtual-stm32f746");
  BringUp(other);
  EXPECT_THAT(Get("searches/a")->waiting_for(), HasSubstr("no agent has registered one"));
  TestMember agent = Agent("agent", 1);
  BringUp(agent);
  EXPECT_EQ(Get("searches/a")->waiting_for(), "");
}

// ---- Lists.

TEST_F(SearchServiceTest, SearchesAreListedInPagesNewestFirst) {
  for (const char* id : {"a", "b", "c", "d"}) Create(id);
  v1::ListSearchesRequest request;
  request.set_page_size(2);
  absl::StatusOr<v1::ListSearchesResponse> page = Call(&Stub::ListSearches, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->searches()), ElementsAre("searches/d", "searches/c"));
  ASSERT_NE(page->next_page_token(), "");
  Create("e");  // What is new neither shifts pages nor shows in them.
  request.set_page_token(page->next_page_token());
  request.set_page_size(1000000);  // May change, and more than 1000 is cut.
  page = Call(&Stub::ListSearches, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(NamesOf(page->searches()), ElementsAre("searches/b", "searches/a"));
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(SearchServiceTest, AListSaysHowFarSearchesAreAndWhatTheyWaitFor) {
  CreateInSupernet("a");
  Await("searches/a", [](const v1::Search& s) { return s.progress().candidates() > 0; });
  const v1::ListSearchesResponse running = List();
  ASSERT_EQ(running.searches_size(), 1);
  EXPECT_EQ(running.searches(0).progress().candidates(), 6);
  EXPECT_THAT(running.searches(0).waiting_for(), HasSubstr("a worker: none is connected"));

  v1::CancelSearchRequest cancel;
  cancel.set_name("searches/a");
  ASSERT_THAT(Call(&Stub::CancelSearch, cancel), IsOk());
  for (int i = 0; i < 2; ++i) {  // Counted, and remembered.
    const v1::ListSearchesResponse ended = List();
    ASSERT_EQ(ended.searches_size(), 1);
    EXPECT_EQ(ended.searches(0).progress().candidates(), 6);
    EXPECT_EQ(ended.searches(0).waiting_for(), "");
  }
}

TEST_F(SearchServiceTest, AFullLastPageHasNoToken) {
  Create("a");
  Create("b");
  v1::ListSearchesRequest request;
  request.set_page_size(2);
  const absl::StatusOr<v1::ListSearchesResponse> page = Call(&Stub::ListSearches, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->searches_size(), 2);
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(SearchServiceTest, SearchesAreListedByState) {
  Create("a");
  Create("b");
  ASSERT_THAT(Cancel("searches/a"), IsOk());
  v1::ListSearchesRequest request;
  request.set_state(v1::Search::CANCELLED);
  EXPECT_THAT(NamesOf(Call(&Stub::ListSearches, request)->searches()), ElementsAre("searches/a"));
  request.set_state(v1::Search::RUNNING);
  EXPECT_THAT(NamesOf(Call(&Stub::ListSearches, request)->searches()), ElementsAre("searches/b"));
}

TEST_F(SearchServiceTest, APageTokenOfAnotherQueryIsRefused) {
  for (const char* id : {"a", "b", "c"}) Create(id);
  v1::ListSearchesRequest request;
  request.set_page_size(1);
  const std::string token = Call(&Stub::ListSearches, request)->next_page_token();
  request.set_page_token(token);
  request.set_state(v1::Search::RUNNING);
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("of another query"));
  EXPECT_THAT(Call(&Stub::ListSearches, request), refused);
  v1::ListCandidatesRequest candidates;
  candidates.set_parent("searches/a");
  candidates.set_page_token(token);
  EXPECT_THAT(Call(&Stub::ListCandidates, candidates), refused);
  v1::ListMeasurementsRequest measurements;
  measurements.set_page_token(token);
  EXPECT_THAT(Call(&v1::MeasureService::Stub::ListMeasurements, measurements), refused);
}

TEST_F(SearchServiceTest, WhatIsNoPageIsRefused) {
  v1::ListSearchesRequest request;
  for (const char* token : {"x", "!!!", "Zm9v", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "1"}) {
    request.set_page_token(token);
    EXPECT_THAT(Call(&Stub::ListSearches, request),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
  }
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_THAT(Call(&Stub::ListSearches, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_size is -1")));
}

TEST_F(SearchServiceTest, CandidatesAreListedInPagesInTheirOrder) {
  CreateInSupernet("a");
  Await("searches/a", [](const v1::Search& s) { return s.progress().candidates() == 6; });
  v1::ListCandidatesRequest request;
  request.set_parent("searches/a");
  request.set_page_size(4);
  std::vector<std::string> names;
  for (int pages = 0; pages < 2; ++pages) {
    const absl::StatusOr<v1::ListCandidatesResponse> page = Call(&Stub::ListCandidates, request);
    ASSERT_THAT(page, IsOk());
    for (const v1::Candidate& candidate : page->candidates()) names.push_back(candidate.name());
    request.set_page_token(page->next_page_token());
  }
  EXPECT_EQ(request.page_token(), "");
  ASSERT_EQ(names.size(), 6u);
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(names[i], absl::StrCat("searches/a/candidates/", i + 1));
  }
  v1::GetCandidateRequest get;
  get.set_name(names[2]);
  const absl::StatusOr<v1::Candidate> candidate = Call(&Stub::GetCandidate, get);
  ASSERT_THAT(candidate, IsOk());
  EXPECT_EQ(candidate->state(), v1::Candidate::PENDING);
  EXPECT_GT(candidate->macs(), 0);
  v1::GetFrontRequest front;  // Nothing has answered yet.
  front.set_parent("searches/a");
  EXPECT_EQ(Call(&Stub::GetFront, front)->candidates_size(), 0);
}

TEST_F(SearchServiceTest, EventsAreListedInPagesOldestFirst) {
  ASSERT_THAT(Create(Impossible("a")), IsOk());
  AwaitEnd("searches/a");
  TestMember worker = Worker("w", {});
  Synchronize(worker);
  v1::ListEventsRequest request;
  request.set_parent("searches/a");
  request.set_page_size(1);
  absl::StatusOr<v1::ListEventsResponse> page = Call(&Stub::ListEvents, request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->events_size(), 1);
  EXPECT_EQ(page->events(0).kind(), "SEARCH_CREATED");
  request.set_page_token(page->next_page_token());
  page = Call(&Stub::ListEvents, request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->events_size(), 1);
  EXPECT_EQ(page->events(0).kind(), "SEARCH_INFEASIBLE");
  EXPECT_EQ(page->next_page_token(), "");

  v1::ListEventsRequest farm;  // What is of no search.
  page = Call(&Stub::ListEvents, farm);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->events_size(), 1);
  EXPECT_EQ(page->events(0).subject(), "members/w");
}

// ---- Cancel.

TEST_F(SearchServiceTest, ACancelledSearchGivesUpItsTasks) {
  Create("a");
  Await("searches/a", [](const v1::Search& s) { return s.stage() == v1::Search::SUPERNET; });
  TestMember worker = Worker("w", {SmallSpec().dataset().path()});
  while (worker.request.held().empty()) Synchronize(worker);
  EXPECT_THAT(Cancel("searches/a", "no such etag"), StatusIs(absl::StatusCode::kAborted));
  const absl::StatusOr<v1::Search> cancelled = Cancel("searches/a", Get("searches/a")->etag());
  ASSERT_THAT(cancelled, IsOk());
  EXPECT_EQ(cancelled->state(), v1::Search::CANCELLED);
  Synchronize(worker);
  EXPECT_THAT(worker.response.keep(), IsEmpty());
  EXPECT_EQ(worker.response.grants_size(), 0);
  const absl::StatusOr<v1::Search> again = Cancel("searches/a");  // As it is.
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->etag(), cancelled->etag());
}

TEST_F(SearchServiceTest, ASearchThatHasEndedCannotBeCancelled) {
  ASSERT_THAT(Create(Impossible("a")), IsOk());
  AwaitEnd("searches/a");
  EXPECT_THAT(Cancel("searches/a"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("INFEASIBLE")));
}

// ---- Watch.

TEST_F(SearchServiceTest, AStreamEndsWithTheSearchAndGoesOnBehindItsToken) {
  ASSERT_THAT(Create(Impossible("a")), IsOk());
  std::vector<v1::WatchSearchResponse> answers;
  ASSERT_THAT(Watch("searches/a", "", &answers), IsOk());
  ASSERT_FALSE(answers.empty());
  EXPECT_EQ(answers.back().search().state(), v1::Search::INFEASIBLE);
  std::vector<std::string> kinds;
  for (const v1::WatchSearchResponse& answer : answers) {
    for (const v1::Event& event : answer.events()) kinds.push_back(event.kind());
  }
  EXPECT_THAT(kinds, ElementsAre("SEARCH_CREATED", "SEARCH_INFEASIBLE"));

  std::vector<v1::WatchSearchResponse> rest;
  ASSERT_THAT(Watch("searches/a", answers.back().resume_token(), &rest), IsOk());
  ASSERT_EQ(rest.size(), 1u) << "the search as it is";
  EXPECT_EQ(rest[0].events_size(), 0);
}

TEST_F(SearchServiceTest, AResumeTokenThatWasNeverGivenIsRefused) {
  Create("a");
  for (const char* token : {"x", "1", "1:2:3", "-4:1", ":"}) {
    std::vector<v1::WatchSearchResponse> answers;
    EXPECT_THAT(Watch("searches/a", token, &answers),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("resume_token")));
  }
}

// ---- What is not there.

TEST_F(SearchServiceTest, UnknownNamesAreNotFoundWithTheReason) {
  Create("a");
  for (const std::string name :
       {"", "searches/b", "searches/", "boards/a", "searches/a/candidates/7",
        "searches/a/candidates/x", "searches/b/candidates/1"}) {
    std::vector<absl::Status> statuses = {Get(name).status(), Cancel(name).status()};
    v1::GetCandidateRequest candidate;
    candidate.set_name(name);
    statuses.push_back(Call(&Stub::GetCandidate, candidate).status());
    v1::ListCandidatesRequest candidates;
    candidates.set_parent(name);
    statuses.push_back(Call(&Stub::ListCandidates, candidates).status());
    v1::GetFrontRequest front;
    front.set_parent(name);
    statuses.push_back(Call(&Stub::GetFront, front).status());
    std::vector<v1::WatchSearchResponse> answers;
    statuses.push_back(Watch(name, "", &answers));
    if (!name.empty()) {
      v1::ListEventsRequest events;
      events.set_parent(name);
      statuses.push_back(Call(&Stub::ListEvents, events).status());
    }
    for (const absl::Status& status : statuses) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr(name)));
      EXPECT_EQ(ReasonOf(status), "RESOURCE_NOT_FOUND") << name;
    }
  }
}

}  // namespace
}  // namespace boardloop
