#include "cli/client/artifact_client.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/artifact_name.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "tests/support/artifact_server.h"
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
constexpr int64_t kMiB = 1 << 20;

std::string NameOf(const std::string& content) { return ArtifactName(Sha256Hex(content)); }

// `mebibytes` pieces that differ, and some bytes more.
std::string LongContent(int mebibytes) {
  std::string content;
  for (int i = 0; i < mebibytes; ++i) content += std::string(kMiB, static_cast<char>('a' + i));
  return content + "end";
}

class ArtifactClientTest : public ::testing::Test {
 protected:
  ArtifactClientTest() { MakeClient({}); }

  void MakeClient(std::function<void(absl::Duration)> sleep) {
    ArtifactClient::Options options;
    options.address = server_.address();
    options.attempts = 3;
    options.sleep = sleep ? std::move(sleep) : [](absl::Duration) {};
    client_ = std::make_unique<ArtifactClient>(server_.channel(), options);
  }

  std::string WriteFile(const std::string& name, const std::string& content) const {
    EXPECT_THAT(WriteFileAtomically(folder_.Path(name), content), IsOk());
    return folder_.Path(name);
  }
  std::string PartialPath(const std::string& path, const std::string& content) const {
    return path + "." + Sha256Hex(content).substr(0, 16) + ".partial";
  }
  std::string Published(const std::string& content) const {
    const std::string sha256 = Sha256Hex(content);
    return server_.folder().Path(sha256.substr(0, 2) + "/" + sha256);
  }

  const TestFolder folder_;
  ArtifactServer server_;
  std::unique_ptr<ArtifactClient> client_;
};

// ---- Uploads.

TEST_F(ArtifactClientTest, AFileIsUploadedUnderTheNameOfItsContent) {
  const std::string content = LongContent(3);
  EXPECT_THAT(client_->Upload(WriteFile("a", content)), IsOkAndHolds(NameOf(content)));
  EXPECT_THAT(server_.files().ReadAll(Sha256Hex(content)), IsOkAndHolds(content));
}

TEST_F(ArtifactClientTest, BytesAreUploaded) {
  for (const std::string& content :
       {std::string(), std::string(kHello), std::string(kMiB, 'a'), std::string(kMiB + 1, 'a')}) {
    EXPECT_THAT(client_->UploadBytes(content), IsOkAndHolds(NameOf(content)));
    EXPECT_THAT(server_.files().ReadAll(Sha256Hex(content)), IsOkAndHolds(content));
  }
}

TEST_F(ArtifactClientTest, AnEmptyFileIsUploaded) {
  EXPECT_THAT(client_->Upload(WriteFile("a", "")), IsOkAndHolds(NameOf("")));
}

TEST_F(ArtifactClientTest, WhatIsAlreadyThereIsNotSent) {
  const std::string content = LongContent(3);
  ASSERT_THAT(server_.files().Put(content), IsOk());
  std::vector<int64_t> done;
  TransferOptions transfer;
  transfer.progress = [&](int64_t done_bytes, int64_t) { done.push_back(done_bytes); };
  EXPECT_THAT(client_->UploadBytes(content, transfer), IsOkAndHolds(NameOf(content)));
  EXPECT_THAT(done, ElementsAre(3 * kMiB + 3));
}

TEST_F(ArtifactClientTest, ProgressOfAnUploadRisesToItsSize) {
  const std::string content = LongContent(3);
  std::vector<int64_t> done;
  TransferOptions transfer;
  transfer.progress = [&](int64_t done_bytes, int64_t total_bytes) {
    EXPECT_EQ(total_bytes, 3 * kMiB + 3);
    done.push_back(done_bytes);
  };
  ASSERT_THAT(client_->UploadBytes(content, transfer), IsOk());
  EXPECT_THAT(done, ElementsAre(kMiB, 2 * kMiB, 3 * kMiB, 3 * kMiB + 3, 3 * kMiB + 3));
}

// The server dies when it has some of the file, and starts again while the client waits.
TEST_F(ArtifactClientTest, AnUploadGoesOnAfterTheServerWasKilled) {
  const std::string content = LongContent(8);
  int restarts = 0;
  MakeClient([&](absl::Duration) {
    ++restarts;
    server_.Restart();
  });
  std::vector<int64_t> done;
  TransferOptions transfer;
  transfer.progress = [&](int64_t done_bytes, int64_t) {
    if (done_bytes == 5 * kMiB && restarts == 0) server_.Kill();
    done.push_back(done_bytes);
  };
  EXPECT_THAT(client_->UploadBytes(content, transfer), IsOkAndHolds(NameOf(content)));
  EXPECT_EQ(restarts, 1);
  EXPECT_THAT(server_.files().ReadAll(Sha256Hex(content)), IsOkAndHolds(content));
  EXPECT_THAT(server_.folder().Files("uploads"), IsEmpty());
}

TEST_F(ArtifactClientTest, AnUploadBeginsWhereAnEarlierOneWasCutOff) {
  const std::string content = LongContent(3);
  {
    const auto upload = server_.files().StartUpload(Sha256Hex(content), 3 * kMiB + 3, 0);
    ASSERT_THAT(upload, IsOk());
    ASSERT_THAT((*upload)->Append(0, content.substr(0, 2 * kMiB)), IsOk());
  }
  std::vector<int64_t> done;
  TransferOptions transfer;
  transfer.progress = [&](int64_t done_bytes, int64_t) { done.push_back(done_bytes); };
  EXPECT_THAT(client_->UploadBytes(content, transfer), IsOk());
  EXPECT_EQ(done.front(), 3 * kMiB);
}

TEST_F(ArtifactClientTest, AWrongBeginningOfAnotherCallerIsReplaced) {
  const std::string content = LongContent(3);
  {
    const auto upload = server_.files().StartUpload(Sha256Hex(content), 3 * kMiB + 3, 0);
    ASSERT_THAT(upload, IsOk());
    ASSERT_THAT((*upload)->Append(0, std::string(2 * kMiB, '?')), IsOk());
  }
  EXPECT_THAT(client_->UploadBytes(content), IsOkAndHolds(NameOf(content)));
  EXPECT_THAT(server_.files().ReadAll(Sha256Hex(content)), IsOkAndHolds(content));
}

TEST_F(ArtifactClientTest, MoreOfAnotherCallerThanTheFileHasIsReplaced) {
  const std::string content = LongContent(1);
  {
    const auto upload = server_.files().StartUpload(Sha256Hex(content), 3 * kMiB, 0);
    ASSERT_THAT(upload, IsOk());
    ASSERT_THAT((*upload)->Append(0, std::string(3 * kMiB, '?')), IsOk());
  }
  EXPECT_THAT(client_->UploadBytes(content), IsOkAndHolds(NameOf(content)));
}

TEST_F(ArtifactClientTest, TwoUploadsOfTheSameFileAtOnceBothSucceed) {
  const std::string content = LongContent(4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(
        [&] { EXPECT_THAT(client_->UploadBytes(content), IsOkAndHolds(NameOf(content))); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(server_.files().ReadAll(Sha256Hex(content)), IsOkAndHolds(content));
  EXPECT_THAT(server_.folder().Files(), ElementsAre(Sha256Hex(content)));
}

TEST_F(ArtifactClientTest, WithoutAServerTheErrorSaysWhereItWasLookedForAfterAllAttempts) {
  int waits = 0;
  MakeClient([&](absl::Duration) { ++waits; });
  server_.Kill();
  EXPECT_THAT(client_->UploadBytes(kHello),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(server_.address())));
  EXPECT_EQ(waits, 2);
}

TEST_F(ArtifactClientTest, FilesThatCannotBeReadAreRefused) {
  EXPECT_THAT(client_->Upload(folder_.Path("no")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder_.Path("no"))));
  EXPECT_THAT(client_->Upload(folder_.path()), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_EQ(mkfifo(folder_.Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(client_->Upload(folder_.Path("pipe")), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ArtifactClientTest, AFileThatChangesWhileItIsUploadedIsDataLoss) {
  const std::string path = WriteFile("a", LongContent(3));
  TransferOptions transfer;
  transfer.progress = [&](int64_t, int64_t) { std::filesystem::resize_file(path, kMiB); };
  EXPECT_THAT(client_->Upload(path, transfer),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("shorter")));
}

TEST_F(ArtifactClientTest, ACancelledUploadEnds) {
  Cancellation cancellation;
  TransferOptions transfer;
  transfer.cancellation = &cancellation;
  transfer.progress = [&](int64_t, int64_t) { cancellation.Cancel(); };
  EXPECT_THAT(client_->UploadBytes(LongContent(8), transfer),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(client_->UploadBytes(kHello, transfer), StatusIs(absl::StatusCode::kCancelled));
}

// ---- Downloads.

TEST_F(ArtifactClientTest, AnArtifactIsDownloaded) {
  for (const std::string& content : {std::string(), std::string(kHello), LongContent(3)}) {
    ASSERT_THAT(server_.files().Put(content), IsOk());
    ASSERT_THAT(client_->Download(NameOf(content), folder_.Path("a")), IsOk());
    EXPECT_THAT(ReadFile(folder_.Path("a"), 100 * kMiB), IsOkAndHolds(content));
    EXPECT_THAT(folder_.Files(), ElementsAre("a"));
  }
}

TEST_F(ArtifactClientTest, ProgressOfADownloadRisesToItsSize) {
  const std::string content = LongContent(2);
  ASSERT_THAT(server_.files().Put(content), IsOk());
  std::vector<int64_t> done;
  TransferOptions transfer;
  transfer.progress = [&](int64_t done_bytes, int64_t total_bytes) {
    EXPECT_EQ(total_bytes, 2 * kMiB + 3);
    done.push_back(done_bytes);
  };
  ASSERT_THAT(client_->Download(NameOf(content), folder_.Path("a"), transfer), IsOk());
  EXPECT_THAT(done, ElementsAre(kMiB, 2 * kMiB, 2 * kMiB + 3));
}

TEST_F(ArtifactClientTest, ADownloadGoesOnAfterTheServerWasKilled) {
  const std::string content = LongContent(20);
  ASSERT_THAT(server_.files().Put(content), IsOk());
  int restarts = 0;
  MakeClient([&](absl::Duration) {
    ++restarts;
    server_.Restart();
  });
  int64_t last = 0;
  TransferOptions transfer;
  transfer.progress = [&](int64_t done_bytes, int64_t) {
    if (done_bytes == 2 * kMiB && restarts == 0) server_.Kill();
    EXPECT_GT(done_bytes, last) << "nothing is transferred twice";
    last = done_bytes;
  };
  EXPECT_THAT(client_->Download(NameOf(content), folder_.Path("a"), transfer), IsOk());
  EXPECT_EQ(restarts, 1);
  EXPECT_THAT(ReadFile(folder_.Path("a"), 100 * kMiB), IsOkAndHolds(content));
}

TEST_F(ArtifactClientTest, ADownloadGoesOnWithWhatAnEarlierOneLeft) {
  const std::string content = LongContent(3);
  ASSERT_THAT(server_.files().Put(content), IsOk());
  ASSERT_THAT(
      WriteFileAtomically(PartialPath(folder_.Path("a"), content), content.substr(0, 2 * kMiB)),
      IsOk());
  std::vector<int64_t> done;
  TransferOptions transfer;
  transfer.progress = [&](int64_t done_bytes, int64_t) { done.push_back(done_bytes); };
  ASSERT_THAT(client_->Download(NameOf(content), folder_.Path("a"), transfer), IsOk());
  EXPECT_THAT(done, ElementsAre(3 * kMiB, 3 * kMiB + 3));
  EXPECT_THAT(ReadFile(folder_.Path("a"), 100 * kMiB), IsOkAndHolds(content));
}

TEST_F(ArtifactClientTest, WhatAnEarlierOneLeftIsReplacedWhereItIsWrong) {
  ASSERT_THAT(server_.files().Put(kHello), IsOk());
  for (const char* left : {"jello", "jello, board", "hello, board and more"}) {
    ASSERT_THAT(WriteFileAtomically(PartialPath(folder_.Path("a"), kHello), left), IsOk());
    ASSERT_THAT(client_->Download(NameOf(kHello), folder_.Path("a")), IsOk()) << left;
    EXPECT_THAT(ReadFile(folder_.Path("a"), 100), IsOkAndHolds(kHello));
    EXPECT_THAT(folder_.Files(), ElementsAre("a"));
  }
}

TEST_F(ArtifactClientTest, WhatAnEarlierOneLeftWholeIsNotTransferred) {
  ASSERT_THAT(server_.files().Put(kHello), IsOk());
  ASSERT_THAT(WriteFileAtomically(PartialPath(folder_.Path("a"), kHello), kHello), IsOk());
  EXPECT_THAT(client_->Download(NameOf(kHello), folder_.Path("a")), IsOk());
  EXPECT_THAT(ReadFile(folder_.Path("a"), 100), IsOkAndHolds(kHello));
}

TEST_F(ArtifactClientTest, ACancelledDownloadKeepsWhatCameForTheNextOne) {
  const std::string content = LongContent(8);
  ASSERT_THAT(server_.files().Put(content), IsOk());
  Cancellation cancellation;
  TransferOptions transfer;
  transfer.cancellation = &cancellation;
  transfer.progress = [&](int64_t, int64_t) { cancellation.Cancel(); };
  EXPECT_THAT(client_->Download(NameOf(content), folder_.Path("a"), transfer),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("a")));
  EXPECT_GE(std::filesystem::file_size(PartialPath(folder_.Path("a"), content)),
            static_cast<size_t>(kMiB));
  EXPECT_THAT(client_->Download(NameOf(content), folder_.Path("a")), IsOk());
  EXPECT_THAT(folder_.Files(), ElementsAre("a"));
}

TEST_F(ArtifactClientTest, TwoDownloadsToTheSamePathAtOnceBothSucceed) {
  const std::string content = LongContent(4);
  ASSERT_THAT(server_.files().Put(content), IsOk());
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back(
        [&] { EXPECT_THAT(client_->Download(NameOf(content), folder_.Path("a")), IsOk()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(ReadFile(folder_.Path("a"), 100 * kMiB), IsOkAndHolds(content));
  EXPECT_THAT(folder_.Files(), ElementsAre("a"));
}

TEST_F(ArtifactClientTest, AFileOfTheServerThatHasChangedIsDataLossAndThePathStaysAsItWas) {
  ASSERT_THAT(server_.files().Put(kHello), IsOk());
  ASSERT_THAT(WriteFileAtomically(Published(kHello), "hello, BOARD"), IsOk());
  const std::string path = WriteFile("a", "before");
  EXPECT_THAT(client_->Download(NameOf(kHello), path), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ReadFile(path, 100), IsOkAndHolds("before"));
  EXPECT_THAT(folder_.Files(), ElementsAre("a"));
}

TEST_F(ArtifactClientTest, ADownloadOfWhatIsNotThereLeavesNothing) {
  EXPECT_THAT(client_->Download(NameOf(kHello), folder_.Path("a")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(ArtifactClientTest, AFullDiskLeavesNothing) {
  const std::string content = LongContent(3);
  ASSERT_THAT(server_.files().Put(content), IsOk());
  const FileSizeLimit limit(2 * kMiB);
  EXPECT_THAT(client_->Download(NameOf(content), folder_.Path("a")),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("B are needed"), HasSubstr("B are free"))));
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(ArtifactClientTest, BadNamesAndPathsAreRefused) {
  ASSERT_THAT(server_.files().Put(kHello), IsOk());
  EXPECT_THAT(client_->Download("artifacts/../../etc/passwd", folder_.Path("a")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(client_->Download(NameOf(kHello), folder_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
  EXPECT_THAT(client_->Download(NameOf(kHello), folder_.Path("no/a")),
              StatusIs(absl::StatusCode::kNotFound));
}

// ---- Reading.

TEST_F(ArtifactClientTest, AnArtifactIsRead) {
  for (const std::string& content : {std::string(), std::string(kHello), LongContent(3)}) {
    ASSERT_THAT(server_.files().Put(content), IsOk());
    EXPECT_THAT(client_->Read(NameOf(content)), IsOkAndHolds(content));
  }
}

TEST_F(ArtifactClientTest, ReadingMoreThanTheCallerTakesIsRefused) {
  ASSERT_THAT(server_.files().Put(kHello), IsOk());
  EXPECT_THAT(
      client_->Read(NameOf(kHello), 11),
      StatusIs(absl::StatusCode::kResourceExhausted, AllOf(HasSubstr("12 B"), HasSubstr("11 B"))));
}

TEST_F(ArtifactClientTest, ReadingGoesOnAfterTheServerWasKilled) {
  const std::string content = LongContent(20);
  ASSERT_THAT(server_.files().Put(content), IsOk());
  MakeClient([&](absl::Duration) { server_.Restart(); });
  bool killed = false;
  TransferOptions transfer;
  transfer.progress = [&](int64_t, int64_t) {
    if (!std::exchange(killed, true)) server_.Kill();
  };
  EXPECT_THAT(client_->Read(NameOf(content), 100 * kMiB, transfer), IsOkAndHolds(content));
}

}  // namespace
}  // namespace boardloop
