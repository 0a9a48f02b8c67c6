// What comes from strangers before anybody knows who they are: keys, certificates, requests, tokens, names. Any bytes are one of them,
// or one line of error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/identity/certificate.h"
#include "core/identity/identity_name.h"
#include "core/identity/join_token.h"
#include "core/identity/key.h"
#include "glog/logging.h"

namespace {

void CheckLine(const absl::Status& status) {
  if (status.ok()) return;
  CHECK(!status.message().empty());
  CHECK(status.message().find('\n') == std::string::npos) << status;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckLine(boardloop::ParseKey(text).status());
  CheckLine(boardloop::ParseCertificateRequest(text).status());
  CheckLine(boardloop::NotAfter(text).status());

  const auto certificate = boardloop::ParseCertificate(text);
  CheckLine(certificate.status());
  if (certificate.ok() && certificate->identity.has_value()) {
    CHECK(boardloop::CheckIdentity(*certificate->identity).ok());
  }

  const auto token = boardloop::ParseJoinToken(text);
  CheckLine(token.status());
  if (token.ok()) CHECK(boardloop::ParseJoinToken(boardloop::JoinTokenText(*token)).ok());

  const auto identity = boardloop::ParseIdentityUri(text);
  CheckLine(identity.status());
  if (identity.ok()) CHECK(boardloop::IdentityUri(*identity) == text);
  return 0;
}
