#include "server/artifacts/artifact_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/client/grpc_status.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "tests/support/artifact_rows_store.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kHello[] = "hello, board";
constexpr int64_t kHelloBytes = 12;

class ArtifactFilesTest : public ::testing::Test {
 protected:
  ArtifactFilesTest() : now_(absl::Now()) {
    options_.now = [this] { return now_; };
    Restart();
  }

  // As the server's process does: whatever was only in memory is lost.
  void Restart() {
    files_.reset();
    absl::StatusOr<std::unique_ptr<ArtifactFiles>> files =
        ArtifactFiles::Create(folder_.path(), store_, options_);
    if (!files.ok()) {
      ADD_FAILURE() << files.status();
      return;
    }
    files_ = *std::move(files);
  }

  std::unique_ptr<ArtifactUpload> Start(const std::string& content, int64_t offset = 0) {
    absl::StatusOr<std::unique_ptr<ArtifactUpload>> upload =
        files_->StartUpload(Sha256Hex(content), static_cast<int64_t>(content.size()), offset);
    EXPECT_THAT(upload, IsOk());
    return upload.ok() ? *std::move(upload) : nullptr;
  }

  // Sends the first `bytes` and is cut off.
  void UploadPart(const std::string& content, size_t bytes) {
    const std::unique_ptr<ArtifactUpload> upload = Start(content);
    ASSERT_NE(upload, nullptr);
    ASSERT_THAT(upload->Append(0, content.substr(0, bytes)), IsOk());
  }

  std::string Published(const std::string& content) const {
    const std::string sha256 = Sha256Hex(content);
    return folder_.Path(sha256.substr(0, 2) + "/" + sha256);
  }
  std::vector<std::string> Uploads() const { return folder_.Files("uploads"); }

  void Refer(const std::string& content, const std::string& owner) {
    ASSERT_THAT(store_.Run([&](Transaction& transaction) {
      return transaction.AddReference(Sha256Hex(content), owner);
    }),
                IsOk());
  }

  const TestFolder folder_;
  ArtifactRowsStore store_;
  absl::Time now_;
  ArtifactFiles::Options options_;
  std::unique_ptr<ArtifactFiles> files_;
};

// ---- Storing and reading.

TEST_F(ArtifactFilesTest, WhatIsPutIsReadBack) {
  const absl::StatusOr<store::ArtifactRow> row = files_->Put(kHello);
  ASSERT_THAT(row, IsOk());
  EXPECT_EQ(row->sha256(), Sha256Hex(kHello));
  EXPECT_EQ(row->size_bytes(), kHelloBytes);
  EXPECT_EQ(row->create_time_ms(), absl::ToUnixMillis(now_));
  EXPECT_THAT(files_->ReadAll(row->sha256()), IsOkAndHolds(kHello));
  EXPECT_THAT(folder_.Files(), ElementsAre(row->sha256()));
}

TEST_F(ArtifactFilesTest, AnEmptyFileIsAnArtifact) {
  const absl::StatusOr<store::ArtifactRow> row = files_->Put("");
  ASSERT_THAT(row, IsOk());
  EXPECT_THAT(files_->ReadAll(row->sha256()), IsOkAndHolds(""));
}

TEST_F(ArtifactFilesTest, AFileOfSeveralPiecesIsPut) {
  const std::string content(3'500'000, 'b');
  const TestFolder elsewhere;
  ASSERT_THAT(WriteFileAtomically(elsewhere.Path("a"), content), IsOk());
  const absl::StatusOr<store::ArtifactRow> row = files_->PutFile(elsewhere.Path("a"));
  ASSERT_THAT(row, IsOk());
  EXPECT_THAT(files_->ReadAll(row->sha256()), IsOkAndHolds(content));
  EXPECT_THAT(Uploads(), IsEmpty());
}

TEST_F(ArtifactFilesTest, PuttingAMissingFileIsNotFound) {
  EXPECT_THAT(files_->PutFile(folder_.Path("no")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ArtifactFilesTest, ArtifactsOutliveTheProcess) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  Restart();
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
}

TEST_F(ArtifactFilesTest, TheSameContentIsStoredOnce) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  ASSERT_THAT(files_->Put(kHello), IsOk());
  EXPECT_THAT(folder_.Files(), ElementsAre(Sha256Hex(kHello)));
}

TEST_F(ArtifactFilesTest, ReadingWhatIsNotThereIsNotFound) {
  EXPECT_THAT(files_->ReadAll(Sha256Hex("x")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ArtifactFilesTest, ReadingMoreThanTheCallerTakesIsRefused) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello), 11),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("12 B"), HasSubstr("at most 11 B"))));
}

TEST_F(ArtifactFilesTest, AReaderGivesPiecesUpToTheEnd) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  const absl::StatusOr<ArtifactReader> reader = files_->Open(Sha256Hex(kHello));
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ(reader->size_bytes(), kHelloBytes);
  EXPECT_THAT(reader->Read(0, 5), IsOkAndHolds("hello"));
  EXPECT_THAT(reader->Read(7, 100), IsOkAndHolds("board"));
  EXPECT_THAT(reader->Read(12, 100), IsOkAndHolds(""));
}

// ---- Uploads.

TEST_F(ArtifactFilesTest, AnUploadGoesOnWhereItWasCutOff) {
  UploadPart(kHello, 5);
  const std::string sha256 = Sha256Hex(kHello);
  EXPECT_THAT(files_->CommittedBytes(sha256), IsOkAndHolds(5));
  EXPECT_THAT(files_->ReadAll(sha256), StatusIs(absl::StatusCode::kNotFound));
  Restart();
  ASSERT_THAT(files_->CommittedBytes(sha256), IsOkAndHolds(5));
  const std::unique_ptr<ArtifactUpload> upload = Start(kHello, 5);
  ASSERT_THAT(upload->Append(5, ", board"), IsOk());
  ASSERT_THAT(upload->Finish(), IsOk());
  EXPECT_THAT(files_->ReadAll(sha256), IsOkAndHolds(kHello));
  EXPECT_THAT(Uploads(), IsEmpty());
}

TEST_F(ArtifactFilesTest, AnUploadMayGoBack) {
  UploadPart(kHello, 9);
  const std::unique_ptr<ArtifactUpload> upload = Start(kHello, 5);
  ASSERT_THAT(upload->Append(5, ", board"), IsOk());
  ASSERT_THAT(upload->Finish(), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
}

TEST_F(ArtifactFilesTest, AnOffsetBehindWhatIsThereIsOutOfRange) {
  UploadPart(kHello, 5);
  EXPECT_THAT(
      files_->StartUpload(Sha256Hex(kHello), kHelloBytes, 6).status(),
      StatusIs(absl::StatusCode::kOutOfRange, AllOf(HasSubstr("offset 6"), HasSubstr("5 B are"))));
}

TEST_F(ArtifactFilesTest, SizesAndOffsetsThatCannotBeAreRefused) {
  for (const auto& [size, offset] :
       std::vector<std::pair<int64_t, int64_t>>{{-1, 0}, {5, -1}, {5, 6}, {0, 1}}) {
    EXPECT_THAT(files_->StartUpload(Sha256Hex(kHello), size, offset).status(),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << size << " " << offset;
  }
}

TEST_F(ArtifactFilesTest, AGapBetweenPiecesIsRefusedAndWhatIsThereStays) {
  const std::unique_ptr<ArtifactUpload> upload = Start(kHello);
  ASSERT_THAT(upload->Append(0, "hello"), IsOk());
  EXPECT_THAT(upload->Append(6, " board"), StatusIs(absl::StatusCode::kInvalidArgument,
                                                    AllOf(HasSubstr("6"), HasSubstr("5 B"))));
  EXPECT_THAT(upload->Append(5, ", board"), IsOk());
  EXPECT_THAT(upload->Finish(), IsOk());
}

TEST_F(ArtifactFilesTest, MoreThanWasAnnouncedIsRefused) {
  const std::unique_ptr<ArtifactUpload> upload = Start(kHello);
  EXPECT_THAT(upload->Append(0, "hello, boards"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("12 B were announced"), HasSubstr("13 B came"))));
}

TEST_F(ArtifactFilesTest, LessThanWasAnnouncedIsRefusedAndCanBeGoneOnWith) {
  {
    const std::unique_ptr<ArtifactUpload> upload = Start(kHello);
    ASSERT_THAT(upload->Append(0, "hello"), IsOk());
    EXPECT_THAT(upload->Finish(),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("12 B were announced"), HasSubstr("5 B came"))));
  }
  EXPECT_THAT(files_->CommittedBytes(Sha256Hex(kHello)), IsOkAndHolds(5));
}

TEST_F(ArtifactFilesTest, ContentThatIsNotWhatItsNameSaysIsDataLossAndLeavesNothing) {
  const std::unique_ptr<ArtifactUpload> upload = Start(kHello);
  ASSERT_THAT(upload->Append(0, "hello, BOARD"), IsOk());
  EXPECT_THAT(upload->Finish(),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(Sha256Hex(kHello)), HasSubstr(Sha256Hex("hello, BOARD")))));
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(ArtifactFilesTest, AWrongBeginningIsFoundWhenTheUploadGoesOn) {
  UploadPart(kHello, 5);
  ASSERT_THAT(WriteFileAtomically(folder_.Path("uploads/" + Uploads()[0]), "jello"), IsOk());
  const std::unique_ptr<ArtifactUpload> upload = Start(kHello, 5);
  ASSERT_THAT(upload->Append(5, ", board"), IsOk());
  EXPECT_THAT(upload->Finish(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(files_->CommittedBytes(Sha256Hex(kHello)), IsOkAndHolds(0));
}

TEST_F(ArtifactFilesTest, AnUploadThatHasEndedTakesNothingMore) {
  const std::unique_ptr<ArtifactUpload> upload = Start("");
  ASSERT_THAT(upload->Finish(), IsOk());
  EXPECT_THAT(upload->Append(0, ""), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(upload->Finish(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

// ---- Several at once.

TEST_F(ArtifactFilesTest, ACallerThatLiesDoesNotSpoilAnUploadOfTheSameContent) {
  const std::unique_ptr<ArtifactUpload> liar = Start(kHello);
  const std::unique_ptr<ArtifactUpload> honest = Start(kHello);
  ASSERT_THAT(liar->Append(0, "jello"), IsOk());
  ASSERT_THAT(honest->Append(0, "hello"), IsOk());
  ASSERT_THAT(liar->Append(5, ", board"), IsOk());
  ASSERT_THAT(honest->Append(5, ", board"), IsOk());
  EXPECT_THAT(liar->Finish(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(honest->Finish(), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
}

TEST_F(ArtifactFilesTest, BothUploadsOfTheSameContentSucceed) {
  const std::unique_ptr<ArtifactUpload> first = Start(kHello);
  const std::unique_ptr<ArtifactUpload> second = Start(kHello);
  ASSERT_THAT(first->Append(0, kHello), IsOk());
  ASSERT_THAT(second->Append(0, "hello"), IsOk());
  EXPECT_THAT(first->Finish(), IsOk());
  ASSERT_THAT(second->Append(5, ", board"), IsOk());
  EXPECT_THAT(second->Finish(), IsOk());
  EXPECT_THAT(folder_.Files(), ElementsAre(Sha256Hex(kHello)));
}

TEST_F(ArtifactFilesTest, NobodyGoesOnWithAnUploadInProgress) {
  const std::unique_ptr<ArtifactUpload> upload = Start(kHello);
  ASSERT_THAT(upload->Append(0, "hello"), IsOk());
  EXPECT_THAT(files_->CommittedBytes(Sha256Hex(kHello)), IsOkAndHolds(0));
  EXPECT_THAT(files_->StartUpload(Sha256Hex(kHello), kHelloBytes, 5).status(),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ArtifactFilesTest, OfSeveralThatWereCutOffTheLongestIsKept) {
  std::unique_ptr<ArtifactUpload> first = Start(kHello);
  std::unique_ptr<ArtifactUpload> second = Start(kHello);
  ASSERT_THAT(first->Append(0, "hello, "), IsOk());
  ASSERT_THAT(second->Append(0, "hel"), IsOk());
  first.reset();
  second.reset();
  EXPECT_THAT(files_->CommittedBytes(Sha256Hex(kHello)), IsOkAndHolds(7));
  EXPECT_EQ(Uploads().size(), 1u);
}

TEST_F(ArtifactFilesTest, ManyThreadsStoreAndCollectAndNothingIsLost) {
  options_.grace = -absl::Hours(1);  // Everything is old at once.
  Restart();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (int round = 0; round < 20; ++round) {
        const std::string mine = "thread " + std::to_string(i);
        EXPECT_THAT(files_->Put("shared", "searches/shared"), IsOk());
        EXPECT_THAT(files_->Put(mine, "searches/" + mine), IsOk());
        EXPECT_THAT(files_->Put("garbage " + std::to_string(round % 3)), IsOk());
        EXPECT_THAT(files_->CollectGarbage(), IsOk());
        EXPECT_THAT(files_->ReadAll(Sha256Hex("shared")), IsOkAndHolds("shared"));
        EXPECT_THAT(files_->ReadAll(Sha256Hex(mine)), IsOkAndHolds(mine));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  now_ += absl::Hours(1);
  EXPECT_THAT(files_->CollectGarbage(), IsOk());
  EXPECT_EQ(folder_.Files().size(), 5u);
}

// ---- Limits.

TEST_F(ArtifactFilesTest, AnArtifactOfTheLimitIsTakenAndOneByteMoreIsRefused) {
  options_.max_artifact_bytes = 12;
  Restart();
  EXPECT_THAT(files_->Put(kHello), IsOk());
  const absl::Status refused = files_->Put("hello, boards").status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                AllOf(HasSubstr("13 B"), HasSubstr("12 B"))));
  EXPECT_EQ(ReasonOf(refused), "ARTIFACT_TOO_LARGE");
}

TEST_F(ArtifactFilesTest, TheQuotaCountsArtifactsAndUploads) {
  options_.quota_bytes = 30;
  Restart();
  ASSERT_THAT(files_->Put("0123456789"), IsOk());          // 10 B.
  UploadPart("abcdefgh", 4);                               // 4 B that were left behind.
  std::unique_ptr<ArtifactUpload> upload = Start(kHello);  // 12 B that were announced.
  const absl::Status refused = files_->Put("12345").status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                AllOf(HasSubstr("5 B are needed"), HasSubstr("4 B of 30 B"))));
  EXPECT_EQ(ReasonOf(refused), "ARTIFACT_QUOTA");
  EXPECT_THAT(files_->Put("1234"), IsOk());
  upload.reset();
  EXPECT_THAT(files_->Put("123456789012"), IsOk());
  EXPECT_EQ(Uploads().size(), 1u);
}

TEST_F(ArtifactFilesTest, ADiskWithTooLittleRoomRefusesBeforeTheFirstByte) {
  options_.free_bytes = [](const std::string&) -> absl::StatusOr<int64_t> { return 11; };
  Restart();
  const absl::Status refused = files_->Put(kHello).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                AllOf(HasSubstr("12 B are needed"), HasSubstr("11 B are free"))));
  EXPECT_EQ(ReasonOf(refused), "DISK_FULL");
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(ArtifactFilesTest, ADiskThatBecomesFullLeavesNothingBehind) {
  const std::string content(100'000, 'c');
  const std::unique_ptr<ArtifactUpload> upload = Start(content);
  absl::Status status;
  {
    const FileSizeLimit limit(50'000);
    status = upload->Append(0, content.substr(0, 40'000));
    EXPECT_THAT(status, IsOk());
    status = upload->Append(40'000, content.substr(40'000));
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("100000 B are needed"), HasSubstr("B are free"))));
  EXPECT_THAT(folder_.Files(), IsEmpty());
  EXPECT_THAT(files_->Put(content),
              IsOk());  // The upload has also given back its share of the quota.
}

TEST_F(ArtifactFilesTest, AFullDiskOfTheStoreLeavesNothingBehind) {
  store_.FailRuns(absl::ResourceExhaustedError("the disk of the database is full"));
  EXPECT_THAT(files_->Put(kHello), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(folder_.Files(), IsEmpty());
  store_.FailRuns(absl::OkStatus());
  EXPECT_THAT(files_->Put(kHello), IsOk());
}

TEST_F(ArtifactFilesTest, AStoreThatFailsKeepsTheFileOfAnArtifactThatIsThere) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  store_.FailRuns(absl::UnavailableError("the database is busy"));
  EXPECT_THAT(files_->Put(kHello), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
}

// ---- Garbage.

TEST_F(ArtifactFilesTest, AnArtifactWithoutAReferenceIsCollectedAfterTheTimeOfGrace) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  now_ += options_.grace;
  ASSERT_THAT(files_->CollectGarbage(), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
  now_ += absl::Milliseconds(1);
  const absl::StatusOr<ArtifactFiles::Collected> collected = files_->CollectGarbage();
  ASSERT_THAT(collected, IsOk());
  EXPECT_EQ(collected->artifacts, 1);
  EXPECT_EQ(collected->bytes, kHelloBytes);
  EXPECT_THAT(folder_.Files(), IsEmpty());
  EXPECT_THAT(files_->Open(Sha256Hex(kHello)).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ArtifactFilesTest, AnArtifactWithAReferenceStaysUntilItsOwnerIsGone) {
  ASSERT_THAT(files_->Put(kHello, "searches/a"), IsOk());
  Refer(kHello, "searches/b");
  now_ += absl::Hours(1000);
  ASSERT_THAT(files_->CollectGarbage(), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOk());
  for (const char* owner : {"searches/a", "searches/b"}) {
    EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOk());
    ASSERT_THAT(
        store_.Run([&](Transaction& transaction) { return transaction.RemoveReferences(owner); }),
        IsOk());
    ASSERT_THAT(files_->CollectGarbage(), IsOk());
  }
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(ArtifactFilesTest, WhoFindsAnOldArtifactHasTimeToReferToIt) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  now_ += options_.grace;
  EXPECT_THAT(files_->FindAndKeep(Sha256Hex(kHello)), IsOk());
  now_ += options_.grace;
  ASSERT_THAT(files_->CollectGarbage(), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
}

TEST_F(ArtifactFilesTest, AReaderFinishesWhatIsCollectedMeanwhile) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  const absl::StatusOr<ArtifactReader> reader = files_->Open(Sha256Hex(kHello));
  ASSERT_THAT(reader, IsOk());
  now_ += absl::Hours(1000);
  ASSERT_THAT(files_->CollectGarbage(), IsOk());
  EXPECT_THAT(reader->Read(0, 100), IsOkAndHolds(kHello));
}

TEST_F(ArtifactFilesTest, AnUploadThatNobodyGoesOnWithIsRemovedAfterADay) {
  UploadPart(kHello, 5);
  now_ = absl::Now() + absl::Hours(23);
  ASSERT_THAT(files_->CollectGarbage(), IsOk());
  EXPECT_EQ(Uploads().size(), 1u);
  now_ = absl::Now() + absl::Hours(25);
  const absl::StatusOr<ArtifactFiles::Collected> collected = files_->CollectGarbage();
  ASSERT_THAT(collected, IsOk());
  EXPECT_EQ(collected->partial_uploads, 1);
  EXPECT_EQ(collected->bytes, 5);
  EXPECT_THAT(Uploads(), IsEmpty());
}

TEST_F(ArtifactFilesTest, AnUploadInProgressIsNotCollected) {
  const std::unique_ptr<ArtifactUpload> upload = Start(kHello);
  ASSERT_THAT(upload->Append(0, "hello"), IsOk());
  now_ = absl::Now() + absl::Hours(1000);
  ASSERT_THAT(files_->CollectGarbage(), IsOk());
  ASSERT_THAT(upload->Append(5, ", board"), IsOk());
  EXPECT_THAT(upload->Finish(), IsOk());
}

// What a process leaves that is killed after the row of an artifact was deleted, or before one was written.
TEST_F(ArtifactFilesTest, AFileWithoutARowIsCollectedAfterTheTimeOfGrace) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  ASSERT_THAT(store_.Run([&](Transaction& transaction) {
    return transaction.DeleteArtifact(Sha256Hex(kHello));
  }),
              IsOk());
  Restart();
  now_ = absl::Now() + absl::Hours(23);
  ASSERT_THAT(files_->CollectGarbage(), IsOk());
  EXPECT_EQ(folder_.Files().size(), 1u);
  now_ = absl::Now() + absl::Hours(25);
  const absl::StatusOr<ArtifactFiles::Collected> collected = files_->CollectGarbage();
  ASSERT_THAT(collected, IsOk());
  EXPECT_EQ(collected->stray_files, 1);
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(ArtifactFilesTest, ARowWhoseFileIsAlreadyGoneIsCollected) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  std::filesystem::remove(Published(kHello));
  now_ += absl::Hours(1000);
  EXPECT_THAT(files_->CollectGarbage(), IsOk());
  EXPECT_THAT(files_->Open(Sha256Hex(kHello)).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ArtifactFilesTest, WhatIsCollectedCanBeStoredAgain) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  now_ += absl::Hours(1000);
  ASSERT_THAT(files_->CollectGarbage(), IsOk());
  ASSERT_THAT(files_->Put(kHello), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
}

// ---- Files that are damaged.

TEST_F(ArtifactFilesTest, AFileThatIsGoneIsDataLossUntilItIsStoredAgain) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  std::filesystem::remove(Published(kHello));
  EXPECT_THAT(files_->Open(Sha256Hex(kHello)).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(Sha256Hex(kHello))));
  const auto found = files_->Find(Sha256Hex(kHello));
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->has_value());
  ASSERT_THAT(files_->Put(kHello), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
}

TEST_F(ArtifactFilesTest, AFileOfAnotherSizeIsDataLossUntilItIsStoredAgain) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  ASSERT_THAT(WriteFileAtomically(Published(kHello), "hello"), IsOk());
  EXPECT_THAT(
      files_->Open(Sha256Hex(kHello)).status(),
      StatusIs(absl::StatusCode::kDataLoss, AllOf(HasSubstr("has 5 B"), HasSubstr("have 12 B"))));
  ASSERT_THAT(files_->Put(kHello), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)), IsOkAndHolds(kHello));
}

TEST_F(ArtifactFilesTest, ReadAllFindsAChangedByte) {
  ASSERT_THAT(files_->Put(kHello), IsOk());
  ASSERT_THAT(WriteFileAtomically(Published(kHello), "hello, BOARD"), IsOk());
  EXPECT_THAT(files_->ReadAll(Sha256Hex(kHello)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("changed on the disk")));
}

TEST_F(ArtifactFilesTest, TheInventorySaysWhatIsThereAndWhatIsNot) {
  ASSERT_THAT(files_->Put("good"), IsOk());
  ASSERT_THAT(files_->Put("gone"), IsOk());
  ASSERT_THAT(files_->Put(kHello), IsOk());
  ASSERT_THAT(files_->Put("stray"), IsOk());
  UploadPart("partial", 3);
  std::filesystem::remove(Published("gone"));
  ASSERT_THAT(WriteFileAtomically(Published(kHello), "hello"), IsOk());
  ASSERT_THAT(store_.Run([&](Transaction& transaction) {
    return transaction.DeleteArtifact(Sha256Hex("stray"));
  }),
              IsOk());
  Restart();
  const absl::StatusOr<ArtifactFiles::Inventory> inventory = files_->TakeInventory();
  ASSERT_THAT(inventory, IsOk());
  EXPECT_EQ(inventory->files, 1);
  EXPECT_EQ(inventory->bytes, 4);
  EXPECT_EQ(inventory->missing_bytes, 4 + kHelloBytes);
  EXPECT_THAT(inventory->damaged, ElementsAre(Sha256Hex(kHello)));
  EXPECT_THAT(inventory->strays, ElementsAre(Sha256Hex("stray")));
}

TEST_F(ArtifactFilesTest, AFolderThatCannotBeMadeIsAnError) {
  ASSERT_THAT(WriteFileAtomically(folder_.Path("file"), ""), IsOk());
  EXPECT_FALSE(ArtifactFiles::Create(folder_.Path("file"), store_, options_).ok());
}

}  // namespace
}  // namespace boardloop
