// request_id: a repeated request gets the answer of the first, also after a restart.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "server/store/store.h"

namespace boardloop {

// How long a request_id is remembered.
inline constexpr absl::Duration kRequestIdTtl = absl::Hours(7 * 24);

// A digest of `request`, the same for equal ones of one kind.
std::string DigestOf(const google::protobuf::Message& request);

// INVALID_ARGUMENT  neither empty nor a UUID
absl::Status CheckRequestId(const std::string& request_id);

// The resource that a request with this id created; nullopt: it is new. An empty id is always new.
//
// FAILED_PRECONDITION  it was used for another request (another digest)
absl::StatusOr<std::optional<std::string>> FindRequest(Transaction& tx,
                                                       const std::string& request_id,
                                                       const std::string& digest);

// Keeps what it created, in the transaction that does.
absl::Status KeepRequest(Transaction& tx, const std::string& request_id, const std::string& digest,
                         const std::string& resource, absl::Time now);

}  // namespace boardloop
