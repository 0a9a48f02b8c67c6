#include "core/identity/join_token.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/identity/identity_name.h"
#include "core/identity/openssl.h"

namespace boardloop {
namespace {

constexpr char kPrefix[] = "bl1-";
constexpr size_t kLongestText = 1000;
constexpr size_t kHashBytes = 32;

}  // namespace

absl::StatusOr<std::string> NewSecret() {
  std::string secret(kHashBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(secret.data());
  if (RAND_bytes(bytes, static_cast<int>(secret.size())) != 1) {
    return OpensslError("drawing a secret");
  }
  return secret;
}

std::string JoinTokenText(const v1::JoinToken& token) {
  return absl::StrCat(kPrefix, absl::WebSafeBase64Escape(token.SerializeAsString()));
}

absl::StatusOr<v1::JoinToken> ParseJoinToken(const std::string& text) {
  const std::string stripped(absl::StripAsciiWhitespace(text));
  if (!absl::StartsWith(stripped, kPrefix)) {
    return absl::InvalidArgumentError(absl::StrCat("not a join token: one begins with ", kPrefix));
  }
  const auto damaged = [] {
    return absl::InvalidArgumentError("the join token is damaged: copy the whole of it");
  };
  std::string bytes;
  v1::JoinToken token;
  if (stripped.size() > kLongestText ||
      !absl::WebSafeBase64Unescape(stripped.substr(sizeof(kPrefix) - 1), &bytes) ||
      !token.ParseFromString(bytes) || token.secret().size() != kHashBytes ||
      token.authority_sha256().size() != kHashBytes || !ParseRole(RoleName(token.role())).ok()) {
    return damaged();
  }
  if (!token.name().empty() && !CheckIdentityName(token.name()).ok()) return damaged();
  return token;
}

std::string SecretDigest(const std::string& secret) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(secret.data(), secret.size(), digest, &length, EVP_sha256(), nullptr);
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(digest), length));
}

}  // namespace boardloop
