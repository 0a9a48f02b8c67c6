#include "core/identity/identity_name.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr char kUriPrefix[] = "spiffe://boardloop/";
constexpr size_t kLongestName = 63;
constexpr std::pair<v1::Identity::Role, const char*> kRoles[] = {
    {v1::Identity::USER, "user"},
    {v1::Identity::OPERATOR, "operator"},
    {v1::Identity::WORKER, "worker"},
    {v1::Identity::AGENT, "agent"}};

bool MayBeIn(char letter) {
  const auto c = static_cast<unsigned char>(letter);
  return absl::ascii_isalnum(c) || letter == '.' || letter == '_' || letter == '-';
}

// What comes from others may be long, and hold anything.
std::string Quoted(const std::string& text) { return Printable(text.substr(0, 100)); }

}  // namespace

std::string RoleName(v1::Identity::Role role) {
  for (const auto& [known, name] : kRoles) {
    if (known == role) return name;
  }
  return "none";
}

absl::StatusOr<v1::Identity::Role> ParseRole(const std::string& text) {
  for (const auto& [role, name] : kRoles) {
    if (text == name) return role;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("the role is \"%s\", must be user, operator, worker or agent", Quoted(text)));
}

absl::Status CheckIdentityName(const std::string& name) {
  const bool valid = !name.empty() && name.size() <= kLongestName &&
                     absl::ascii_isalnum(static_cast<unsigned char>(name[0])) &&
                     std::all_of(name.begin(), name.end(), MayBeIn);
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("the name is \"%s\", must be 1 to %d letters, digits, '.', '_' or '-', "
                      "beginning with a letter or digit",
                      Quoted(name), kLongestName));
}

absl::Status CheckIdentity(const v1::Identity& identity) {
  BL_RETURN_IF_ERROR(ParseRole(RoleName(identity.role())).status());
  return CheckIdentityName(identity.name());
}

v1::Identity MakeIdentity(v1::Identity::Role role, const std::string& name) {
  v1::Identity identity;
  identity.set_role(role);
  identity.set_name(name);
  return identity;
}

std::string IdentityText(const v1::Identity& identity) {
  return absl::StrCat(RoleName(identity.role()), "/", identity.name());
}

absl::StatusOr<v1::Identity> ParseIdentityText(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is not ROLE/NAME, like worker/lab-3", Quoted(text)));
  }
  v1::Identity identity;
  BL_ASSIGN_OR_RETURN(const v1::Identity::Role role, ParseRole(text.substr(0, slash)));
  identity.set_role(role);
  identity.set_name(text.substr(slash + 1));
  BL_RETURN_IF_ERROR(CheckIdentityName(identity.name()));
  return identity;
}

std::string IdentityUri(const v1::Identity& identity) {
  return absl::StrCat(kUriPrefix, IdentityText(identity));
}

absl::StatusOr<v1::Identity> ParseIdentityUri(const std::string& uri) {
  const std::string prefix = kUriPrefix;
  if (uri.compare(0, prefix.size(), prefix) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the URI is \"%s\", must be %sROLE/NAME", Quoted(uri), prefix));
  }
  return ParseIdentityText(uri.substr(prefix.size()));
}

}  // namespace boardloop
