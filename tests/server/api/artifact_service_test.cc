#include "server/api/artifact_service.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "core/base/artifact_name.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "tests/support/artifact_server.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kHello[] = "hello, board";
constexpr int64_t kMiB = 1 << 20;

std::string NameOf(const std::string& content) { return ArtifactName(Sha256Hex(content)); }

v1::WriteArtifactRequest Piece(const std::string& name, int64_t size, int64_t offset,
                               const std::string& data) {
  v1::WriteArtifactRequest request;
  request.set_name(name);
  request.set_size_bytes(size);
  request.set_offset(offset);
  request.set_data(data);
  return request;
}

class ArtifactServiceTest : public ::testing::Test {
 protected:
  ArtifactServiceTest() : stub_(v1::ArtifactService::NewStub(server_.channel())) {}

  absl::Status Write(const std::vector<v1::WriteArtifactRequest>& pieces,
                     v1::Artifact* artifact = nullptr) {
    grpc::ClientContext context;
    SetDeadline(context, absl::Minutes(1));
    v1::Artifact ignored;
    const auto writer = stub_->WriteArtifact(&context, artifact == nullptr ? &ignored : artifact);
    for (const v1::WriteArtifactRequest& piece : pieces) {
      if (!writer->Write(piece)) break;
    }
    writer->WritesDone();
    return FromGrpc(writer->Finish());
  }
  absl::Status WriteWhole(const std::string& content) {
    return Write({Piece(NameOf(content), static_cast<int64_t>(content.size()), 0, content)});
  }

  absl::Status GetUpload(const std::string& name, v1::Upload& upload) {
    grpc::ClientContext context;
    SetDeadline(context, absl::Minutes(1));
    v1::GetUploadRequest request;
    request.set_name(name);
    return FromGrpc(stub_->GetUpload(&context, request, &upload));
  }

  absl::StatusOr<std::vector<v1::ReadArtifactResponse>> Read(const std::string& name,
                                                             int64_t offset = 0) {
    grpc::ClientContext context;
    SetDeadline(context, absl::Minutes(1));
    v1::ReadArtifactRequest request;
    request.set_name(name);
    request.set_offset(offset);
    const auto reader = stub_->ReadArtifact(&context, request);
    std::vector<v1::ReadArtifactResponse> pieces;
    v1::ReadArtifactResponse piece;
    while (reader->Read(&piece)) pieces.push_back(piece);
    const absl::Status status = FromGrpc(reader->Finish());
    if (!status.ok()) return status;
    return pieces;
  }

  absl::Status Get(const std::string& name, v1::Artifact& artifact) {
    grpc::ClientContext context;
    SetDeadline(context, absl::Minutes(1));
    v1::GetArtifactRequest request;
    request.set_name(name);
    return FromGrpc(stub_->GetArtifact(&context, request, &artifact));
  }

  ArtifactServer server_;
  std::unique_ptr<v1::ArtifactService::Stub> stub_;
};

TEST_F(ArtifactServiceTest, WhatIsWrittenInPiecesIsAnArtifact) {
  const std::string content = std::string(kMiB, 'a') + std::string(kMiB, 'b') + "c";
  const int64_t size = static_cast<int64_t>(content.size());
  v1::Artifact artifact;
  ASSERT_THAT(Write({Piece(NameOf(content), size, 0, content.substr(0, kMiB)),
                     Piece("", 0, kMiB, content.substr(kMiB, kMiB)), Piece("", 0, 2 * kMiB, "c")},
                    &artifact),
              IsOk());
  EXPECT_EQ(artifact.name(), NameOf(content));
  EXPECT_EQ(artifact.size_bytes(), size);
  EXPECT_GT(artifact.create_time().seconds(), 0);
  EXPECT_THAT(server_.files().ReadAll(Sha256Hex(content)), IsOkAndHolds(content));
}

TEST_F(ArtifactServiceTest, AnEmptyFileIsWrittenAndRead) {
  ASSERT_THAT(WriteWhole(""), IsOk());
  const auto pieces = Read(NameOf(""));
  ASSERT_THAT(pieces, IsOk());
  ASSERT_EQ(pieces->size(), 1u);
  EXPECT_EQ((*pieces)[0].size_bytes(), 0);
  EXPECT_EQ((*pieces)[0].data(), "");
}

TEST_F(ArtifactServiceTest, AFileThatIsThereIsNotStoredAgain) {
  ASSERT_THAT(WriteWhole(kHello), IsOk());
  // The second sends no byte of it.
  v1::Artifact artifact;
  EXPECT_THAT(Write({Piece(NameOf(kHello), 12, 0, "")}, &artifact), IsOk());
  EXPECT_EQ(artifact.name(), NameOf(kHello));
}

TEST_F(ArtifactServiceTest, AnotherSizeOfAFileThatIsThereIsRefused) {
  ASSERT_THAT(WriteWhole(kHello), IsOk());
  EXPECT_THAT(Write({Piece(NameOf(kHello), 13, 0, "hello, boards")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("13 B were announced"), HasSubstr("has 12 B"))));
}

TEST_F(ArtifactServiceTest, AnUploadThatWasCutOffGoesOn) {
  v1::Upload upload;
  ASSERT_THAT(GetUpload(NameOf(kHello), upload), IsOk());
  EXPECT_EQ(upload.committed_bytes(), 0);
  EXPECT_FALSE(upload.complete());

  EXPECT_THAT(Write({Piece(NameOf(kHello), 12, 0, "hello")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("5 B came")));
  ASSERT_THAT(GetUpload(NameOf(kHello), upload), IsOk());
  EXPECT_EQ(upload.committed_bytes(), 5);
  EXPECT_FALSE(upload.complete());

  ASSERT_THAT(Write({Piece(NameOf(kHello), 12, 5, ", board")}), IsOk());
  ASSERT_THAT(GetUpload(NameOf(kHello), upload), IsOk());
  EXPECT_EQ(upload.committed_bytes(), 12);
  EXPECT_TRUE(upload.complete());
}

TEST_F(ArtifactServiceTest, ACancelledUploadCanBeGoneOnWith) {
  {
    grpc::ClientContext context;
    v1::Artifact artifact;
    const auto writer = stub_->WriteArtifact(&context, &artifact);
    ASSERT_TRUE(writer->Write(Piece(NameOf(kHello), 12, 0, "hello")));
    while (server_.folder().Files("uploads").empty() ||
           std::filesystem::file_size(
               server_.folder().Path("uploads/" + server_.folder().Files("uploads")[0])) != 5) {
      std::this_thread::yield();
    }
    context.TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  v1::Upload upload;
  do {  // Until the handler has seen it.
    ASSERT_THAT(GetUpload(NameOf(kHello), upload), IsOk());
  } while (upload.committed_bytes() == 0);
  EXPECT_EQ(upload.committed_bytes(), 5);
  EXPECT_THAT(Write({Piece(NameOf(kHello), 12, 5, ", board")}), IsOk());
}

TEST_F(ArtifactServiceTest, AGapIsRefusedWithItsReason) {
  const absl::Status status = Write({Piece(NameOf(kHello), 12, 5, ", board")});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("gap")));
  EXPECT_EQ(ReasonOf(status), "UPLOAD_GAP");
  EXPECT_THAT(Write({Piece(NameOf(kHello), 12, 0, "hello"), Piece("", 0, 6, " board")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must follow")));
}

TEST_F(ArtifactServiceTest, SizesThatAreNotKeptAreRefused) {
  EXPECT_THAT(Write({Piece(NameOf(kHello), -1, 0, kHello)}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Write({Piece(NameOf(kHello), 12, -1, kHello)}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Write({Piece(NameOf(kHello), 5, 0, kHello)}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("5 B were announced")));
  EXPECT_THAT(Write({Piece(NameOf(kHello), 0, 0, "")}), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(ArtifactServiceTest, AStreamWithoutAMessageIsRefused) {
  EXPECT_THAT(Write({}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs name")));
}

TEST_F(ArtifactServiceTest, APieceOfMoreThanAMebibyteIsRefused) {
  const std::string content(kMiB + 1, 'a');
  const absl::Status status = WriteWhole(content);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr("1048577 B"), HasSubstr("1048576 B"))));
  EXPECT_EQ(ReasonOf(status), "UPLOAD_PIECE_TOO_LARGE");
}

TEST_F(ArtifactServiceTest, FourGibibytesAreRefusedByTheirAnnouncedSize) {
  const absl::Status status = Write({Piece(NameOf("x"), int64_t{4} << 30, 0, "")});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("4294967296 B"), HasSubstr("2147483648 B"))));
  EXPECT_EQ(ReasonOf(status), "ARTIFACT_TOO_LARGE");
  EXPECT_THAT(server_.folder().Files(), IsEmpty());
}

TEST_F(ArtifactServiceTest, ContentThatIsNotWhatItsNameSaysIsDataLoss) {
  EXPECT_THAT(Write({Piece(NameOf(kHello), 12, 0, "hello, BOARD")}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(Sha256Hex(kHello))));
  EXPECT_THAT(server_.folder().Files(), IsEmpty());
}

TEST_F(ArtifactServiceTest, NamesThatAreNotOfArtifactsAreRefusedByEveryCall) {
  for (const std::string& name :
       {std::string(), std::string("artifacts/"), std::string("artifacts/../../etc/passwd"),
        "artifacts/" + std::string(64, 'G'), NameOf(kHello) + "/..", Sha256Hex(kHello)}) {
    const absl::Status written = Write({Piece(name, 12, 0, kHello)});
    EXPECT_THAT(written, StatusIs(absl::StatusCode::kInvalidArgument)) << name;
    EXPECT_EQ(ReasonOf(written), "ARTIFACT_NAME_INVALID");
    v1::Upload upload;
    EXPECT_THAT(GetUpload(name, upload), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
    EXPECT_THAT(Read(name), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
    v1::Artifact artifact;
    EXPECT_THAT(Get(name, artifact), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
  }
  EXPECT_THAT(server_.folder().Files(), IsEmpty());
}

TEST_F(ArtifactServiceTest, AnArtifactIsReadInPiecesFromAnOffset) {
  const std::string content = std::string(kMiB, 'a') + std::string(kMiB, 'b') + "c";
  ASSERT_THAT(server_.files().Put(content), IsOk());
  const auto pieces = Read(NameOf(content), 1);
  ASSERT_THAT(pieces, IsOk());
  std::string read;
  for (const v1::ReadArtifactResponse& piece : *pieces) {
    EXPECT_LE(piece.data().size(), static_cast<size_t>(kMiB));
    EXPECT_EQ(piece.size_bytes(), static_cast<int64_t>(content.size()));
    read += piece.data();
  }
  EXPECT_EQ(read, content.substr(1));
}

TEST_F(ArtifactServiceTest, ReadingFromTheEndTellsTheSizeAndBehindItIsOutOfRange) {
  ASSERT_THAT(server_.files().Put(kHello), IsOk());
  const auto pieces = Read(NameOf(kHello), 12);
  ASSERT_THAT(pieces, IsOk());
  ASSERT_EQ(pieces->size(), 1u);
  EXPECT_EQ((*pieces)[0].size_bytes(), 12);
  EXPECT_THAT(Read(NameOf(kHello), 13), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Read(NameOf(kHello), -1), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ArtifactServiceTest, WhatIsNotThereIsNotFound) {
  v1::Artifact artifact;
  const absl::Status got = Get(NameOf(kHello), artifact);
  EXPECT_THAT(got, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ReasonOf(got), "ARTIFACT_NOT_FOUND");
  EXPECT_THAT(Read(NameOf(kHello)), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ArtifactServiceTest, GetTellsSizeAndTime) {
  ASSERT_THAT(WriteWhole(kHello), IsOk());
  v1::Artifact artifact;
  ASSERT_THAT(Get(NameOf(kHello), artifact), IsOk());
  EXPECT_EQ(artifact.name(), NameOf(kHello));
  EXPECT_EQ(artifact.size_bytes(), 12);
  EXPECT_NEAR(static_cast<double>(artifact.create_time().seconds()),
              static_cast<double>(absl::ToUnixSeconds(absl::Now())), 600);
}

TEST_F(ArtifactServiceTest, AFileThatIsGoneIsDataLossAndIsTakenAgain) {
  ASSERT_THAT(WriteWhole(kHello), IsOk());
  const std::string sha256 = Sha256Hex(kHello);
  std::filesystem::remove(server_.folder().Path(sha256.substr(0, 2) + "/" + sha256));
  EXPECT_THAT(Read(NameOf(kHello)), StatusIs(absl::StatusCode::kDataLoss));
  v1::Upload upload;
  ASSERT_THAT(GetUpload(NameOf(kHello), upload), IsOk());
  EXPECT_FALSE(upload.complete());
  EXPECT_THAT(WriteWhole(kHello), IsOk());
  EXPECT_THAT(server_.files().ReadAll(sha256), IsOkAndHolds(kHello));
}

}  // namespace
}  // namespace boardloop
