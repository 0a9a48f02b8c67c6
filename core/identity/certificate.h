// Certificates: what is read of one, and what holds between them.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/identity.pb.h"
#include "core/identity/openssl.h"

namespace boardloop {

struct Certificate {
  // Of who joined; none: of a coordinator or an authority.
  std::optional<v1::Identity> identity;
  absl::Time not_before, not_after;
  std::string sha256;  // 32 bytes: of the DER.
};

// The first certificate of a PEM text.
//
// INVALID_ARGUMENT  not a certificate in PEM, or one whose names are neither exactly one identity nor those of a host
absl::StatusOr<Certificate> ParseCertificate(const std::string& pem);

// When the first certificate of a PEM text ends.
absl::StatusOr<absl::Time> NotAfter(const std::string& pem);

// Whether a certificate is valid at `now`, which is this machine's time; `whose` begins the message: "the certificate of worker/lab-3".
//
// UNAUTHENTICATED  it has expired, or is not valid yet: then one of the clocks is off
absl::Status CheckTime(const Certificate& certificate, absl::Time now, const std::string& whose);

// INVALID_ARGUMENT  the certificate has another key
absl::Status CheckKey(const std::string& certificate_pem, const std::string& key_pem);

// INVALID_ARGUMENT  the certificate was signed by another authority
absl::Status CheckIssuer(const std::string& certificate_pem, const std::string& authority_pem);

// ---- For those who make certificates.

// INVALID_ARGUMENT  not a certificate in PEM
absl::StatusOr<UniqueCertificate> ReadCertificate(const std::string& pem);
absl::StatusOr<std::string> WriteCertificate(X509* certificate);

}  // namespace boardloop
