#include "cli/client/grpc_status.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(GrpcStatusTest, AStatusComesBackWithItsReason) {
  const absl::Status status =
      WithReason(absl::NotFoundError("no board"), "BOARD_UNKNOWN", {{"board", "a"}});
  const absl::Status back = FromGrpc(ToGrpc(status));
  EXPECT_THAT(back, StatusIs(absl::StatusCode::kNotFound, "no board"));
  EXPECT_EQ(ReasonOf(back), "BOARD_UNKNOWN");
  EXPECT_EQ(back, status);
}

TEST(GrpcStatusTest, WithoutAReasonTheCodeIsOne) {
  EXPECT_EQ(ReasonOf(FromGrpc(ToGrpc(absl::AbortedError("lost")))), "ABORTED");
  EXPECT_EQ(ReasonOf(absl::AbortedError("lost")), "ABORTED");
}

TEST(GrpcStatusTest, OkStaysOk) {
  EXPECT_THAT(FromGrpc(ToGrpc(WithReason(absl::OkStatus(), "NONE"))), IsOk());
}

TEST(GrpcStatusTest, AServerThatDoesNotAnswerIsNamedAndOneThatDoesIsNot) {
  EXPECT_THAT(FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "refused"), "localhost:1"),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("localhost:1"), HasSubstr("refused"))));
  EXPECT_THAT(FromGrpc(ToGrpc(absl::UnavailableError("draining")), "localhost:1"),
              StatusIs(absl::StatusCode::kUnavailable, "draining"));
}

TEST(GrpcStatusTest, ALongMessageIsCutSoThatItFitsIntoATrailer) {
  EXPECT_LE(ToGrpc(absl::InternalError(std::string(100'000, 'x'))).error_details().size(), 4000u);
}

}  // namespace
}  // namespace boardloop
