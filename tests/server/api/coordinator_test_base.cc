#include "tests/server/api/coordinator_test_base.h"

#include "absl/strings/str_cat.h"
#include "cli/client/artifact_client.h"
#include "core/presets/search_presets.h"
#include "tests/support/checkpoint_bytes.h"
#include "tests/support/status_matchers.h"

namespace boardloop {

CoordinatorTest::CoordinatorTest() { Start(); }

Coordinator::Options CoordinatorTest::OptionsOf(const std::string& folder) {
  Coordinator::Options options;
  options.address = "127.0.0.1:0";
  options.state_folder = folder;
  options.threads = 1;
  options.clock = &clock_;
  options.metrics = &metrics_;
  return options;
}

void CoordinatorTest::Start() {
  absl::StatusOr<std::unique_ptr<Coordinator>> coordinator =
      Coordinator::Start(OptionsOf(folder_.Path("state")));
  ASSERT_THAT(coordinator, IsOk());
  coordinator_ = *std::move(coordinator);
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = OpenChannel(coordinator_->address());
  ASSERT_THAT(channel, IsOk());
  channel_ = *std::move(channel);
}

// ---- Searches.

v1::SearchSpec CoordinatorTest::SmallSpec() {
  v1::SearchSpec spec = *SearchPreset("quick");
  spec.mutable_space_optimization()->set_samples(20);
  spec.mutable_evolution()->set_population(6);
  spec.mutable_evolution()->set_parents(2);
  spec.mutable_evolution()->set_crossovers(2);
  spec.mutable_evolution()->set_mutations(2);
  spec.mutable_evolution()->set_generations(1);
  return spec;
}

v1::CreateSearchRequest CoordinatorTest::CreateRequest(const std::string& id) {
  v1::CreateSearchRequest request;
  request.set_search_id(id);
  *request.mutable_search()->mutable_spec() = SmallSpec();
  return request;
}

v1::Search CoordinatorTest::Create(const std::string& id) {
  absl::StatusOr<v1::Search> search =
      Call(&v1::SearchService::Stub::CreateSearch, CreateRequest(id));
  EXPECT_THAT(search, IsOk());
  return search.ok() ? *search : v1::Search();
}

v1::Search CoordinatorTest::CreateInSupernet(const std::string& id) {
  v1::CreateSearchRequest request = CreateRequest(id);
  v1::SearchSpec& spec = *request.mutable_search()->mutable_spec();
  spec.set_supernet_artifact(UploadSupernet());
  spec.clear_supernet_training();
  spec.mutable_space_optimization()->clear_width_mults();
  spec.mutable_space_optimization()->clear_resolutions();
  absl::StatusOr<v1::Search> search = Call(&v1::SearchService::Stub::CreateSearch, request);
  EXPECT_THAT(search, IsOk());
  return search.ok() ? *search : v1::Search();
}

std::string CoordinatorTest::UploadSupernet() {
  const v1::SearchSpec spec = SmallSpec();
  v1::CheckpointHeader header;
  *header.mutable_supernet()->mutable_space() = spec.space();
  header.mutable_supernet()->set_width_mult(spec.space_optimization().width_mults(0));
  header.mutable_supernet()->set_resolution(spec.space_optimization().resolutions(0));
  header.mutable_supernet()->set_classes(10);
  header.mutable_supernet()->set_input_channels(1);
  *header.mutable_dataset() = spec.dataset();
  return Upload(CheckpointBytes(header));
}

absl::StatusOr<v1::Search> CoordinatorTest::Get(const std::string& name) {
  v1::GetSearchRequest request;
  request.set_name(name);
  return Call(&v1::SearchService::Stub::GetSearch, request);
}

v1::Search CoordinatorTest::Await(const std::string& name,
                                  const std::function<bool(const v1::Search&)>& condition) {
  v1::SearchService::Stub stub(channel_);
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(120));
  v1::WatchSearchRequest request;
  request.set_name(name);
  const std::unique_ptr<grpc::ClientReader<v1::WatchSearchResponse>> reader =
      stub.WatchSearch(&context, request);
  v1::WatchSearchResponse response;
  while (reader->Read(&response)) {
    if (!condition(response.search())) continue;
    context.TryCancel();
    while (reader->Read(&response)) continue;
    (void)reader->Finish();
    return *Get(name);
  }
  ADD_FAILURE() << "never: " << FromGrpc(reader->Finish()) << "\n" << response.ShortDebugString();
  return response.search();
}

// ---- Files.

std::string CoordinatorTest::Upload(const std::string& bytes) {
  ArtifactClient client(channel_);
  const absl::StatusOr<std::string> name = client.UploadBytes(bytes);
  EXPECT_THAT(name, IsOk());
  return name.ok() ? *name : "";
}

// ---- Members.

TestMember CoordinatorTest::Worker(const std::string& name,
                                   const std::vector<std::string>& datasets) {
  TestMember member;
  member.request.set_protocol_version(1);
  member.request.set_member(absl::StrCat("members/", name));
  member.request.set_instance(absl::StrCat(name, "-1"));
  member.request.set_kind(v1::Member::WORKER);
  member.request.set_device("cpu");
  member.request.set_capacity(4);
  *member.request.mutable_datasets() = {datasets.begin(), datasets.end()};
  return member;
}

TestMember CoordinatorTest::Agent(const std::string& name, int boards, const std::string& type) {
  TestMember member = Worker(name, {});
  member.request.set_kind(v1::Member::AGENT);
  for (int i = 1; i <= boards; ++i) {
    v1::BoardReport& report = *member.request.add_boards();
    report.set_name(absl::StrCat("boards/", name, "-", i));
    report.set_board_type(type);
    report.set_build_digest("digest");
  }
  return member;
}

void CoordinatorTest::Synchronize(TestMember& member) {
  absl::StatusOr<v1::SynchronizeResponse> response =
      Call(&v1::TaskService::Stub::Synchronize, member.request);
  ASSERT_THAT(response, IsOk());
  member.response = *std::move(response);
  std::vector<v1::HeldTask> held;
  for (const v1::HeldTask& task : member.request.held()) {
    for (const std::string& keep : member.response.keep()) {
      if (keep == task.task()) held.push_back(task);
    }
  }
  for (const v1::Grant& grant : member.response.grants()) {
    v1::HeldTask& task = held.emplace_back();
    task.set_task(grant.task());
    task.set_epoch(grant.epoch());
  }
  *member.request.mutable_held() = {held.begin(), held.end()};
  member.request.clear_finished();
  for (const v1::BoardOrder& order : member.response.orders()) {
    for (v1::BoardReport& report : *member.request.mutable_boards()) {
      if (report.name() == order.board()) report.set_check(order.check());
    }
  }
}

void CoordinatorTest::BringUp(TestMember& agent) {
  const int32_t capacity = agent.request.capacity();
  agent.request.set_capacity(0);
  Synchronize(agent);
  Synchronize(agent);
  agent.request.set_capacity(capacity);
}

void CoordinatorTest::Finish(TestMember& member, const std::string& task,
                             const v1::TaskResult& result) {
  for (int i = 0; i < member.request.held_size(); ++i) {
    if (member.request.held(i).task() != task) continue;
    v1::FinishedTask& finished = *member.request.add_finished();
    finished.set_task(task);
    finished.set_epoch(member.request.held(i).epoch());
    *finished.mutable_result() = result;
    member.request.mutable_held()->DeleteSubrange(i, 1);
    return;
  }
  FAIL() << member.request.member() << " does not hold " << task;
}

absl::StatusOr<v1::Board> CoordinatorTest::GetBoard(const std::string& name) {
  v1::GetBoardRequest request;
  request.set_name(name);
  return Call(&v1::BoardService::Stub::GetBoard, request);
}

}  // namespace boardloop
