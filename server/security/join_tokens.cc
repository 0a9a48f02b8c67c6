#include "server/security/join_tokens.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/field_check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/identity/identity_name.h"
#include "core/identity/join_token.h"
#include "server/security/identities.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

constexpr int32_t kMostUses = 1000;
constexpr int32_t kMostHours = 720;
constexpr size_t kIdDigits = 12;
constexpr size_t kShownName = 100;
// Tokens that have expired are remembered for so long, to say so.
constexpr absl::Duration kRemembered = absl::Hours(24 * 30);

std::string TokenId(const store::Token& token) { return token.sha256().substr(0, kIdDigits); }

absl::Status CheckRequest(const v1::CreateTokenRequest& request) {
  FieldCheck check("");
  check.Status(ParseRole(RoleName(request.role())).status());
  if (!request.name().empty()) check.Status(CheckIdentityName(request.name()));
  check.RangeOrZero("uses", request.uses(), 1, kMostUses);
  check.RangeOrZero("hours", request.hours(), 1, kMostHours);
  return check.status();
}

absl::Status CheckMayJoin(Transaction& tx, const v1::Identity& identity) {
  if (IsOwnProgram(identity)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the name is %s, which the coordinator's own programs have: must not begin with \"%s\"",
        IdentityText(identity), kOwnProgramPrefix));
  }
  BL_ASSIGN_OR_RETURN(const std::optional<store::KnownIdentity> known,
                      tx.GetIdentity(IdentityText(identity)));
  if (!known.has_value() || known->revoke_time_ms() == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrFormat("%s was revoked: nobody joins with this name again", IdentityText(identity)));
}

absl::StatusOr<v1::Identity> WhoJoins(const store::Token& token, const std::string& name) {
  if (!token.name().empty() && !name.empty() && name != token.name()) {
    return absl::PermissionDeniedError(absl::StrFormat("the token is for %s/%s only, not for %s",
                                                       RoleName(token.role()), token.name(),
                                                       Printable(name.substr(0, kShownName))));
  }
  if (token.name().empty() && name.empty()) {
    return absl::InvalidArgumentError(
        "the token is for no particular name: who joins must give one (--name)");
  }
  v1::Identity identity = MakeIdentity(token.role(), token.name().empty() ? name : token.name());
  BL_RETURN_IF_ERROR(CheckIdentity(identity));
  return identity;
}

}  // namespace

absl::StatusOr<v1::CreateTokenResponse> CreateJoinToken(Store& store,
                                                        const v1::CreateTokenRequest& request,
                                                        const std::string& authority_sha256,
                                                        absl::Time now) {
  BL_RETURN_IF_ERROR(CheckRequest(request));
  v1::JoinToken token;
  token.set_role(request.role());
  token.set_name(request.name());
  token.set_authority_sha256(authority_sha256);
  BL_ASSIGN_OR_RETURN(*token.mutable_secret(), NewSecret());
  const absl::Time expire = now + absl::Hours(std::max(1, request.hours()));

  store::Token row;
  row.set_sha256(SecretDigest(token.secret()));
  row.set_role(request.role());
  row.set_name(request.name());
  row.set_uses(std::max(1, request.uses()));
  row.set_create_time_ms(absl::ToUnixMillis(now));
  row.set_expire_time_ms(absl::ToUnixMillis(expire));
  const absl::Status kept = store.Run([&](Transaction& tx) -> absl::Status {
    if (!row.name().empty()) {
      BL_RETURN_IF_ERROR(CheckMayJoin(tx, MakeIdentity(row.role(), row.name())));
    }
    BL_RETURN_IF_ERROR(tx.DeleteTokensBefore(absl::ToUnixMillis(now - kRemembered)));
    return tx.PutToken(row);
  });
  if (!kept.ok()) return kept;

  v1::CreateTokenResponse response;
  response.set_token(JoinTokenText(token));
  response.set_role(row.role());
  response.set_name(row.name());
  response.set_uses(row.uses());
  response.set_token_id(TokenId(row));
  *response.mutable_expire_time() = ToTimestamp(expire);
  return response;
}

absl::StatusOr<v1::Identity> UseJoinToken(Store& store, const std::string& secret,
                                          const std::string& name, const std::string& key_digest,
                                          absl::Time now) {
  v1::Identity identity;
  const absl::Status used = store.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<store::Token> token, tx.GetToken(SecretDigest(secret)));
    if (!token.has_value()) {
      return absl::UnauthenticatedError(
          "the coordinator does not know this join token: an operator makes another "
          "(`boardloop-server token`)");
    }
    if (absl::ToUnixMillis(now) >= token->expire_time_ms()) {
      return absl::UnauthenticatedError(absl::StrFormat(
          "the join token expired at %s: an operator makes another",
          absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMillis(token->expire_time_ms()),
                           absl::UTCTimeZone())));
    }
    BL_ASSIGN_OR_RETURN(identity, WhoJoins(*token, name));
    BL_RETURN_IF_ERROR(CheckMayJoin(tx, identity));
    const auto& keys = token->joined_keys();
    if (std::find(keys.begin(), keys.end(), key_digest) != keys.end()) return absl::OkStatus();
    if (token->joined_keys_size() >= token->uses()) {
      return absl::UnauthenticatedError(
          absl::StrFormat("the join token is used up (%d of %d): an operator makes another",
                          token->joined_keys_size(), token->uses()));
    }
    token->add_joined_keys(key_digest);
    BL_RETURN_IF_ERROR(NoteJoined(tx, identity, now));
    return tx.PutToken(*token);
  });
  if (!used.ok()) return used;
  return identity;
}

absl::StatusOr<std::vector<v1::JoinTokenInfo>> ListJoinTokens(Store& store, absl::Time now) {
  std::vector<v1::JoinTokenInfo> tokens;
  BL_RETURN_IF_ERROR(store.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::vector<store::Token> rows, tx.ListTokens());
    for (const store::Token& row : rows) {
      if (row.expire_time_ms() <= absl::ToUnixMillis(now)) continue;
      v1::JoinTokenInfo& token = tokens.emplace_back();
      token.set_token_id(TokenId(row));
      token.set_role(row.role());
      token.set_name(row.name());
      token.set_uses(row.uses());
      token.set_used(row.joined_keys_size());
      *token.mutable_create_time() = ToTimestamp(absl::FromUnixMillis(row.create_time_ms()));
      *token.mutable_expire_time() = ToTimestamp(absl::FromUnixMillis(row.expire_time_ms()));
    }
    return absl::OkStatus();
  }));
  return tokens;
}

absl::Status DeleteJoinToken(Store& store, const std::string& token_id) {
  return store.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::vector<store::Token> rows, tx.ListTokens());
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const store::Token& row) {
      return TokenId(row) == token_id;
    });
    if (found == rows.end()) {
      return absl::NotFoundError(absl::StrFormat("there is no token with the ID \"%s\"", token_id));
    }
    return tx.DeleteToken(found->sha256());
  });
}

}  // namespace boardloop
