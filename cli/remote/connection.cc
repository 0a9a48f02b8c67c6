#include "cli/remote/connection.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/explain.h"
#include "cli/client/grpc_status.h"
#include "cli/client/identity_renewal.h"
#include "cli/output.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// Marks a status that did not come from a coordinator.
constexpr char kUnreachableUrl[] = "boardloop/unreachable";

bool IsCoordinatorsFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

}  // namespace

Connection::Connection(Target target, std::shared_ptr<grpc::Channel> channel)
    : target_(std::move(target)),
      channel_(std::move(channel)),
      stubs_(v1::SearchService::NewStub(channel_), v1::BoardService::NewStub(channel_),
             v1::MeasureService::NewStub(channel_), v1::ArtifactService::NewStub(channel_),
             v1::SecurityService::NewStub(channel_)) {}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const TargetFlags& flags) {
  BL_ASSIGN_OR_RETURN(Target target, FindTarget(flags));
  BL_ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel,
                      OpenChannel(target.address, target.identity));
  if (!target.identity.empty()) {
    // Where it fails, the command itself says what is wrong; and the certificate is good for hours yet.
    RenewIfDue(channel, target.identity, absl::Now()).IgnoreError();
  }
  return std::unique_ptr<Connection>(new Connection(std::move(target), std::move(channel)));
}

absl::Status Connection::Check(const grpc::Status& status) const {
  absl::Status result = FromGrpc(status, address());
  if (result.ok()) return result;
  const bool own = status.error_details().empty();  // Not from a handler, but from the library.
  if (own && absl::IsUnavailable(result)) {
    result = ExplainFailure(result, address(), target_.identity);
  }
  std::string message(result.message());
  if (own && absl::IsDeadlineExceeded(result)) {
    message = absl::StrFormat("the coordinator at %s did not answer in time", address());
  } else if (IsCoordinatorsFault(result.code())) {
    message = absl::StrFormat("the coordinator at %s failed: %s", address(), message);
  }
  const std::string reason = ReasonOf(result);
  if (reason != absl::StatusCodeToString(result.code())) {
    absl::StrAppend(&message, " [", reason, "]");
  }
  result = WithMessage(result, message);
  if (own && (absl::IsUnavailable(result) || absl::IsDeadlineExceeded(result))) {
    return AsUnreachable(std::move(result));
  }
  return result;
}

bool Connection::AwaitServer(absl::Duration patience) {
  return channel_->WaitForConnected(absl::ToChronoTime(absl::Now() + patience));
}

bool IsUnreachable(const absl::Status& status) {
  return !status.ok() && status.GetPayload(kUnreachableUrl).has_value();
}

absl::Status AsUnreachable(absl::Status status) {
  status.SetPayload(kUnreachableUrl, absl::Cord());
  return status;
}

absl::Status WithMessage(const absl::Status& status, const std::string& message) {
  absl::Status result(status.code(), message);
  status.ForEachPayload(
      [&](const auto& url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

absl::Status AnnotateAnswer(const absl::Status& status, const std::string& context) {
  return WithMessage(status, absl::StrCat(context, ": ", std::string(status.message())));
}

bool IsTransient(const absl::Status& status) {
  // CANCELLED: a coordinator that stops cancels its streams.
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsCancelled(status);
}

absl::StatusOr<ExitCode> WithServer(
    const TargetFlags& flags, const std::function<absl::StatusOr<ExitCode>(Connection&)>& work) {
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, Connection::Open(flags));
  absl::StatusOr<ExitCode> result = work(*connection);
  if (!IsUnreachable(result.status())) return result;
  WriteMessage(absl::StrCat(absl::StatusCodeToString(result.status().code()), ": ",
                            std::string(result.status().message())));
  return ExitCode::kUnreachable;
}

}  // namespace boardloop
