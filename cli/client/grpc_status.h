// absl::Status to grpc::Status and back, with the reason that AIP-193 asks for.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace boardloop {

using ErrorMetadata = std::vector<std::pair<std::string, std::string>>;

// `status` with a reason for programs, in upper snake case ("BOARD_TYPE_UNKNOWN"). OK stays as it is.
absl::Status WithReason(absl::Status status, const std::string& reason,
                        const ErrorMetadata& metadata = {});

// The reason of a status, or the name of its code where it has none.
std::string ReasonOf(const absl::Status& status);

// With one google.rpc.ErrorInfo of domain "boardloop" in its details.
grpc::Status ToGrpc(const absl::Status& status);
// What came back from a call, with the reason it carries. A server that does not answer is UNAVAILABLE, and the message says what to
// do about it: `address` is where it was looked for.
absl::Status FromGrpc(const grpc::Status& status, const std::string& address = "");

}  // namespace boardloop
