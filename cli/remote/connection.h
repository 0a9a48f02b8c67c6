// The coordinator that a command talks to: its services, their errors, and the exit code when it does not answer.
//
// Every error says whose fault it is: the caller's (the coordinator's own message), the coordinator's ("the coordinator
// at ... failed"), or nobody's yet (no answer: ExitCode::kUnreachable).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tuple>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/artifact_service.grpc.pb.h"
#include "boardloop/v1/board_service.grpc.pb.h"
#include "boardloop/v1/measure_service.grpc.pb.h"
#include "boardloop/v1/search_service.grpc.pb.h"
#include "boardloop/v1/security_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/target.h"
#include "cli/command.h"
#include "cli/remote/message_text.h"

namespace boardloop {

// How long a call may take that only reads or writes the store.
inline constexpr absl::Duration kCallDeadline = absl::Seconds(15);
// Streams are opened again after so long, also when nothing happens: a connection that died silently is noticed.
inline constexpr absl::Duration kStreamDeadline = absl::Minutes(10);

class Connection {
 public:
  // Statuses of FindTarget and OpenChannel. Nothing is sent yet, but for a certificate that is due to be renewed.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const TargetFlags& flags);

  template <typename Service>
  typename Service::Stub& stub() {
    return *std::get<std::unique_ptr<typename Service::Stub>>(stubs_);
  }

  // A call with one answer: Call(&v1::SearchService::Stub::GetSearch, request). Statuses of CheckText before anything is sent.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, absl::Duration deadline = kCallDeadline) {
    absl::Status status = CheckText(request);
    if (!status.ok()) return status;
    grpc::ClientContext context;
    SetDeadline(context, deadline);
    Response response;
    Stub& stub = *std::get<std::unique_ptr<Stub>>(stubs_);
    status = Check((stub.*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  // What became of a call, in words for people.
  absl::Status Check(const grpc::Status& status) const;

  // Waits until the coordinator can be reached, at most `patience`; false if it cannot.
  bool AwaitServer(absl::Duration patience);

  const std::string& address() const { return target_.address; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  Connection(Target target, std::shared_ptr<grpc::Channel> channel);

  const Target target_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::tuple<std::unique_ptr<v1::SearchService::Stub>, std::unique_ptr<v1::BoardService::Stub>,
             std::unique_ptr<v1::MeasureService::Stub>, std::unique_ptr<v1::ArtifactService::Stub>,
             std::unique_ptr<v1::SecurityService::Stub>>
      stubs_;
};

// Whether `status` means that no coordinator answered.
bool IsUnreachable(const absl::Status& status);
// `status` so that IsUnreachable holds: what broke did not come back.
absl::Status AsUnreachable(absl::Status status);

// Whether a broken call is worth repeating as it is: the coordinator went away, and may come back.
bool IsTransient(const absl::Status& status);

// `status`, not OK, in other words; it keeps what IsUnreachable looks at.
absl::Status WithMessage(const absl::Status& status, const std::string& message);
// Annotate (core/base/status.h), likewise.
absl::Status AnnotateAnswer(const absl::Status& status, const std::string& context);

// Connects and does `work`. A coordinator that does not answer is reported, and becomes kUnreachable.
absl::StatusOr<ExitCode> WithServer(
    const TargetFlags& flags, const std::function<absl::StatusOr<ExitCode>(Connection&)>& work);

}  // namespace boardloop
