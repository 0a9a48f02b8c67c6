// An identity folder: what a program proves with who it is, and knows its coordinator by.
//
//   key.pem          0600, made here, sent nowhere
//   certificate.pem  of its key
//   authority.pem    whose certificates are believed
//   server           HOST:PORT and a line end
//
// Invariants:
//   (1) Whatever stops a renewal, the folder is a whole identity, the old or the new: the new key lies in key.pem.next until its
//       certificate is there, and the next reader brings it to its place.
//   (2) One writes at a time (.lock).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/identity/certificate.h"

namespace boardloop {

struct IdentityFiles {
  std::string key, certificate, authority;  // PEM.
  std::string server;                       // HOST:PORT
};

std::string KeyFileIn(const std::string& folder);
std::string CertificateFileIn(const std::string& folder);
std::string AuthorityFileIn(const std::string& folder);

// An identity whose parts fit together; CheckTime says whether it is still valid.
//
// NOT_FOUND            there is none
// INVALID_ARGUMENT     a file is damaged, or does not fit the others
// PERMISSION_DENIED    not readable
absl::StatusOr<IdentityFiles> ReadIdentity(const std::string& folder);

// Makes the folder (0700) where there is none, and sees that files can be written there. Others as files fail.
absl::Status PrepareIdentityFolder(const std::string& folder);

// Into a folder that is prepared first. `files` fit together.
//
// RESOURCE_EXHAUSTED and others as files fail
absl::Status WriteIdentity(const std::string& folder, const IdentityFiles& files);

struct ExpiryTimes {
  absl::Time own, authority;
};
// When the certificates in a folder end: for the metric of it.
//
// NOT_FOUND, INVALID_ARGUMENT  there are none, or damaged ones
absl::StatusOr<ExpiryTimes> ReadExpiryTimes(const std::string& folder);

// When a certificate is to be replaced: half of its life is over.
absl::Time RenewalTime(const Certificate& certificate);

// ~/.config/boardloop/identity, or below XDG_CONFIG_HOME where that is set.
std::string DefaultIdentityFolder();

}  // namespace boardloop
