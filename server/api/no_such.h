// What all services answer to the name of something that is not there.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "cli/client/grpc_status.h"

namespace boardloop {

inline absl::Status NoSuch(const std::string& name) {
  return WithReason(absl::NotFoundError(absl::StrFormat("there is no \"%s\"", name)),
                    "RESOURCE_NOT_FOUND", {{"resource", name}});
}

// `status` of a change of `name`, with the reason that programs look for.
inline absl::Status OrNoSuch(const absl::Status& status, const std::string& name) {
  return absl::IsNotFound(status) ? NoSuch(name) : status;
}

}  // namespace boardloop
