#include "cli/client/grpc_status.h"

#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace boardloop {
namespace {

constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
// Trailers are limited to 8 KiB, of which other things need some.
constexpr size_t kMaxMessage = 3000;

}  // namespace

absl::Status WithReason(absl::Status status, const std::string& reason,
                        const ErrorMetadata& metadata) {
  if (status.ok()) return status;
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("boardloop");
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrorInfoUrl);
  google::rpc::ErrorInfo info;
  if (payload && info.ParseFromString(std::string(*payload)) && !info.reason().empty()) {
    return info.reason();
  }
  return absl::StatusCodeToString(status.code());
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message().substr(0, kMaxMessage)));
  google::rpc::ErrorInfo info;
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrorInfoUrl);
  if (!payload || !info.ParseFromString(std::string(*payload))) {
    info.set_reason(absl::StatusCodeToString(status.code()));
    info.set_domain("boardloop");
  }
  details.add_details()->PackFrom(info);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return absl::OkStatus();
  std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && status.error_details().empty() &&
      !address.empty()) {
    message = absl::StrCat("no coordinator answers at ", address, " (", message,
                           "): `boardloop up` starts one here, --server or BOARDLOOP_SERVER "
                           "names another");
  }
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), message);
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : details.details()) {
      if (detail.Is<google::rpc::ErrorInfo>()) {
        result.SetPayload(kErrorInfoUrl, absl::Cord(detail.value()));
      }
    }
  }
  return result;
}

}  // namespace boardloop
