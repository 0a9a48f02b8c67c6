// What is at an address: asked with a handshake of our own that believes nothing and sends nothing.
//
// For two purposes: to find an authority by its fingerprint before anything is said, and to say in one sentence why a connection failed,
// which gRPC does not.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/identity/identity_folder.h"

namespace boardloop {

struct TlsProbe {
  bool tls = false;                // Somebody answered as TLS does.
  std::vector<std::string> chain;  // What it showed, PEM, its own certificate first.
  std::string refusal;             // Of our certificate, in OpenSSL's words; empty: none.
};

// `identity`: to show; nullptr: none.
//
// INVALID_ARGUMENT  not HOST:PORT
// UNAVAILABLE       nobody listens there, or the name is unknown
absl::StatusOr<TlsProbe> ProbeTls(const std::string& address, const IdentityFiles* identity,
                                  absl::Duration limit);

}  // namespace boardloop
