// Why a connection failed, in one sentence that says what to do.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace boardloop {

// `status` of a call that no handler answered (UNAVAILABLE from the library), or what is really wrong where that can be found out: one
// port speaks TLS and the other does not, another authority, another host name, a clock that is off, an identity that is refused.
// Connects to the address for that, so it may take a second.
// identity   the folder that was used; "": none
//
// UNAUTHENTICATED      the certificates do not let us in
// FAILED_PRECONDITION  one side has TLS, the other not
absl::Status ExplainFailure(const absl::Status& status, const std::string& address,
                            const std::string& identity);

// Whether the server that showed `certificate` may be called `address`'s host, and whether the clocks agree.
//
// UNAUTHENTICATED  the message says what the certificate is for
absl::Status CheckServerCertificate(const std::string& certificate, const std::string& address);

}  // namespace boardloop
