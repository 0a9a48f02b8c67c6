// The coordinator as a whole: what it refuses to start on, what it serves beside its services, and faults of disk and clock.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/store/migrations.h"
#include "server/store/sqlite_database.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/disk_faults.h"
#include "tests/support/mounted_disk.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class WholeCoordinatorTest : public CoordinatorTest {
 protected:
  absl::Status StartOn(const std::string& folder, const std::string& address = "127.0.0.1:0") {
    Coordinator::Options options = OptionsOf(folder);
    options.address = address;
    return Coordinator::Start(options).status();
  }
  // One message to `method`, in the bytes of its encoding; the bytes of the first answer.
  absl::StatusOr<std::string> CallBytes(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    SetDeadline(context, absl::Seconds(30));
    grpc::CompletionQueue queue;
    const std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call =
        stub.PrepareCall(&context, method, &queue);
    const auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const grpc::Slice slice(bytes);
    grpc::ByteBuffer response;
    grpc::Status status;
    call->StartCall(nullptr);
    wait();
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    wait();
    call->Read(&response, nullptr);
    wait();
    call->Finish(&status, nullptr);
    wait();
    if (!status.ok()) return FromGrpc(status);
    std::vector<grpc::Slice> slices;
    (void)response.Dump(&slices);
    std::string answer;
    for (const grpc::Slice& part : slices) {
      answer.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    return answer;
  }
};

// ---- Starting.

TEST_F(WholeCoordinatorTest, AnAddressThatOthersCanReachIsRefusedWithTheReason) {
  for (const char* address : {"0.0.0.0:0", "192.0.2.1:7411", "[::]:0", "example.org:1"}) {
    EXPECT_THAT(StartOn(folder_.Path("other"), address),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr(address), HasSubstr("neither encrypted nor "
                                                             "authenticated"))));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("other"))) << "nothing was begun";
}

TEST_F(WholeCoordinatorTest, WhatIsNoAddressIsRefused) {
  for (const char* address : {"localhost", "127.0.0.1:99999", "http://127.0.0.1:0"}) {
    EXPECT_THAT(StartOn(folder_.Path("other"), address),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("HOST:PORT")));
  }
}

TEST_F(WholeCoordinatorTest, ASecondOneOnTheSameDatabaseIsRefused) {
  EXPECT_THAT(StartOn(folder_.Path("state")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is in use by process")));
  EXPECT_THAT(Call(&v1::SearchService::Stub::ListSearches, v1::ListSearchesRequest()), IsOk())
      << "the first one goes on";
  Stop();
  EXPECT_THAT(StartOn(folder_.Path("state")), IsOk());
}

TEST_F(WholeCoordinatorTest, ASecondOneAtTheSameAddressIsRefused) {
  EXPECT_THAT(
      StartOn(folder_.Path("other"), coordinator_->address()),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr(coordinator_->address()), HasSubstr("another coordinator"))));
}

TEST_F(WholeCoordinatorTest, ADatabaseOfANewerVersionIsRefusedWithBothVersions) {
  Stop();
  {
    absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
        SqliteDatabase::Open(folder_.Path("state/boardloop.db"), SqliteDatabase::Mode::kExisting);
    ASSERT_THAT(db, IsOk());
    ASSERT_THAT((*db)->Execute(absl::StrCat("PRAGMA user_version = ", SchemaVersion() + 1)),
                IsOk());
  }
  EXPECT_THAT(StartOn(folder_.Path("state")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(absl::StrCat("version ", SchemaVersion() + 1)),
                             HasSubstr(absl::StrCat("1 to ", SchemaVersion())))));
}

TEST_F(WholeCoordinatorTest, AReadOnlyFolderIsRefused) {
  const MountedDisk disk(folder_.Path("disk"), "size=8m");
  if (!disk.mounted()) GTEST_SKIP() << "may not mount: " << std::strerror(errno);
  ASSERT_THAT(StartOn(folder_.Path("disk/state")), IsOk());
  ASSERT_TRUE(disk.MakeReadOnly());
  for (const char* name : {"disk/state", "disk/new"}) {
    EXPECT_THAT(StartOn(folder_.Path(name)),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ead-only")));
  }
}

TEST_F(WholeCoordinatorTest, AFileInThePlaceOfTheFolderIsRefused) {
  EXPECT_THAT(StartOn(folder_.Path("state/boardloop.db")), testing::Not(IsOk()));
}

// ---- What every client can ask.

TEST_F(WholeCoordinatorTest, ItIsHealthy) {
  // HealthCheckResponse { status: SERVING }
  EXPECT_THAT(CallBytes("/grpc.health.v1.Health/Check", ""), IsOkAndHolds(std::string("\x08\x01")));
  Stop();
  EXPECT_THAT(CallBytes("/grpc.health.v1.Health/Check", ""),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(WholeCoordinatorTest, ItsServicesAreListedAndDescribedByReflection) {
  constexpr char kReflect[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  // ServerReflectionRequest { list_services: "*" }
  EXPECT_THAT(CallBytes(kReflect, std::string("\x3a\x01*")),
              IsOkAndHolds(AllOf(
                  HasSubstr("boardloop.v1.SearchService"), HasSubstr("boardloop.v1.BoardService"),
                  HasSubstr("boardloop.v1.MeasureService"), HasSubstr("boardloop.v1.TaskService"),
                  HasSubstr("boardloop.v1.ArtifactService"), HasSubstr("grpc.health.v1.Health"))));
  // ServerReflectionRequest { file_containing_symbol: ... }
  const auto describe = [&](const std::string& symbol) {
    return CallBytes(kReflect, absl::StrCat("\x22", std::string(1, symbol.size()), symbol));
  };
  EXPECT_THAT(describe("boardloop.v1.SearchService"),
              IsOkAndHolds(HasSubstr("CreateSearchRequest")));
  EXPECT_THAT(describe("grpc.health.v1.Health"), IsOkAndHolds(HasSubstr("HealthCheckRequest")));
}

TEST_F(WholeCoordinatorTest, StoppingEndsStreams) {
  Create("a");
  v1::SearchService::Stub stub(channel_);
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(60));
  v1::WatchSearchRequest request;
  request.set_name("searches/a");
  const auto reader = stub.WatchSearch(&context, request);
  v1::WatchSearchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  std::thread stopper([this] { Stop(); });
  while (reader->Read(&response)) continue;
  EXPECT_THAT(FromGrpc(reader->Finish()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("watch again")));
  stopper.join();
}

TEST_F(WholeCoordinatorTest, WhatWasAcknowledgedIsThereAfterARestart) {
  CreateInSupernet("a");
  const v1::Search before =
      Await("searches/a", [](const v1::Search& s) { return s.progress().candidates() == 6; });
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  Synchronize(agent);
  ASSERT_EQ(agent.request.held_size(), 2);
  Restart();
  EXPECT_EQ(Get("searches/a")->progress().candidates(), 6);
  Synchronize(agent);
  EXPECT_EQ(agent.request.held_size(), 2) << "it keeps what it has";
}

// ---- A disk that is full.

TEST_F(WholeCoordinatorTest, AFullDiskRefusesWhatItCannotKeepAndGoesOnWhenThereIsSpace) {
  Create("before");
  Await("searches/before", [](const v1::Search& s) { return s.stage() == v1::Search::SUPERNET; });
  DiskFaults disk;
  disk.FailWrites(ENOSPC);
  EXPECT_THAT(Call(&v1::SearchService::Stub::CreateSearch, CreateRequest("full")),
              StatusIs(absl::StatusCode::kResourceExhausted));
  TestMember worker = Worker("w", {SmallSpec().dataset().path()});
  EXPECT_THAT(Call(&v1::TaskService::Stub::Synchronize, worker.request),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Get("searches/before"), IsOk()) << "reading goes on";
  EXPECT_THAT(Get("searches/full"), StatusIs(absl::StatusCode::kNotFound));
  disk.FailWrites(0);
  Create("full");
  // Tasks are queued by the coordinator's own thread.
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (worker.response.grants_size() == 0 && absl::Now() < end) {
    Synchronize(worker);
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_EQ(worker.response.grants_size(), 1);
}

// ---- Clocks that jump.

TEST_F(WholeCoordinatorTest, NoTaskIsLostWhenTheClockIsSet) {
  CreateInSupernet("a");
  Await("searches/a", [](const v1::Search& s) { return s.progress().candidates() == 6; });
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  Synchronize(agent);
  ASSERT_EQ(agent.request.held_size(), 2);
  for (const absl::Duration jump : {absl::Hours(24 * 400), absl::Hours(-24 * 800)}) {
    clock_.Jump(jump);
    Synchronize(agent);
    EXPECT_EQ(agent.request.held_size(), 2) << jump;
    Create(jump > absl::ZeroDuration() ? "late" : "early");
  }
  v1::ListSearchesRequest list;
  EXPECT_THAT(NamesOf(Call(&v1::SearchService::Stub::ListSearches, list)->searches()),
              testing::ElementsAre("searches/early", "searches/late", "searches/a"))
      << "newest first, whatever the clock says";
}

TEST_F(WholeCoordinatorTest, ABoardComesBackAlsoWhenTheClockWasSetBack) {
  TestMember agent = Agent("desk", 1);
  BringUp(agent);
  v1::QuarantineBoardRequest quarantine;
  quarantine.set_name("boards/desk-1");
  quarantine.set_reason("wrong bytes");
  ASSERT_THAT(Call(&v1::BoardService::Stub::QuarantineBoard, quarantine), IsOk());
  clock_.Jump(-absl::Hours(24 * 365));
  Synchronize(agent);
  EXPECT_EQ(agent.response.orders_size(), 1) << "it is checked again";
  Synchronize(agent);
  EXPECT_EQ(GetBoard("boards/desk-1")->state(), v1::Board::IDLE);
}

TEST_F(WholeCoordinatorTest, ARequestIsRememberedAlsoWhenTheClockWasSetBack) {
  v1::CreateSearchRequest request = CreateRequest("");
  request.set_request_id(kRequestId);
  const absl::StatusOr<v1::Search> first = Call(&v1::SearchService::Stub::CreateSearch, request);
  ASSERT_THAT(first, IsOk());
  clock_.Jump(-absl::Hours(24 * 365));
  v1::CreateSearchRequest other = CreateRequest("");
  other.set_request_id(kOtherId);
  ASSERT_THAT(Call(&v1::SearchService::Stub::CreateSearch, other), IsOk());
  EXPECT_EQ(Call(&v1::SearchService::Stub::CreateSearch, request)->name(), first->name());
}

}  // namespace
}  // namespace boardloop
