#include "cli/join/identity_text.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/remote/format.h"
#include "core/identity/identity_name.h"

namespace boardloop {
namespace {

std::string StateOf(const v1::KnownIdentity& known, absl::Time now) {
  if (known.has_revoke_time()) return "revoked";
  return ToTime(known.expire_time()) < now ? "expired" : "valid";
}

std::string DateOrDash(bool there, const google::protobuf::Timestamp& timestamp) {
  return there ? DateText(timestamp) : "-";
}

}  // namespace

Table IdentitiesTable(const KnownIdentities& identities, absl::Time now) {
  Table table({{"identity", Align::kLeft},
               {"state", Align::kLeft},
               {"since", Align::kLeft},
               {"certificate until", Align::kLeft},
               {"last call"}});
  for (const v1::KnownIdentity& known : identities) {
    table.AddRow({IdentityText(known.identity()), StateOf(known, now),
                  known.has_revoke_time() ? DateText(known.revoke_time())
                                          : DateOrDash(known.has_first_time(), known.first_time()),
                  DateOrDash(known.has_expire_time(), known.expire_time()),
                  AgoText(known.last_call_time(), now)});
  }
  return table;
}

Table TokensTable(const JoinTokens& tokens, absl::Time now) {
  std::vector<const v1::JoinTokenInfo*> newest_first;
  for (const v1::JoinTokenInfo& token : tokens) newest_first.push_back(&token);
  std::stable_sort(newest_first.begin(), newest_first.end(), [](const auto* a, const auto* b) {
    return ToTime(a->create_time()) > ToTime(b->create_time());
  });
  Table table({{"ID", Align::kLeft},
               {"for", Align::kLeft},
               {"used", Align::kLeft},
               {"made"},
               {"until", Align::kLeft}});
  for (const v1::JoinTokenInfo* token : newest_first) {
    table.AddRow(
        {token->token_id(),
         absl::StrCat(RoleName(token->role()), "/", token->name().empty() ? "*" : token->name()),
         absl::StrFormat("%d of %d", token->used(), token->uses()),
         AgoText(token->create_time(), now), DateText(token->expire_time())});
  }
  return table;
}

}  // namespace boardloop
