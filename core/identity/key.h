// Private keys (P-256), and the requests that are made with them. Both in PEM.
//
// A key never leaves the machine it was made on: what is sent is a request, which holds the public half and is signed by the other.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/identity/openssl.h"

namespace boardloop {

// PKCS #8.
absl::StatusOr<std::string> NewKey();

// INVALID_ARGUMENT  not a P-256 key in PEM, or an encrypted one
absl::StatusOr<UniqueKey> ParseKey(const std::string& pem);

// PKCS #10 with the public half of a key. It names nobody: who asks is known by other means.
absl::StatusOr<std::string> MakeCertificateRequest(const std::string& key_pem);

// The public key of a request.
//
// INVALID_ARGUMENT  not a request in PEM, not of a P-256 key, or not signed with it
absl::StatusOr<UniqueKey> ParseCertificateRequest(const std::string& pem);

// SHA-256 of a public key, 32 bytes: one key, whatever it is wrapped in.
absl::StatusOr<std::string> KeyDigest(EVP_PKEY* key);

}  // namespace boardloop
