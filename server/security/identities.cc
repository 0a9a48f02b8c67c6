#include "server/security/identities.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/identity/authority.h"
#include "core/identity/identity_name.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

absl::StatusOr<store::KnownIdentity> RowOf(Transaction& tx, const std::string& identity) {
  BL_ASSIGN_OR_RETURN(std::optional<store::KnownIdentity> row, tx.GetIdentity(identity));
  if (row.has_value()) return *std::move(row);
  store::KnownIdentity fresh;
  fresh.set_identity(identity);
  return fresh;
}

void SetFirstTime(absl::Time time, store::KnownIdentity& row) {
  if (row.first_time_ms() == 0) row.set_first_time_ms(absl::ToUnixMillis(time));
}

void SetExpireTime(absl::Time time, store::KnownIdentity& row) {
  row.set_expire_time_ms(std::max(row.expire_time_ms(), absl::ToUnixMillis(time)));
}

google::protobuf::Timestamp TimestampOf(int64_t time_ms) {
  return ToTimestamp(absl::FromUnixMillis(time_ms));
}

v1::KnownIdentity ToProto(const store::KnownIdentity& row, const v1::Identity& identity) {
  v1::KnownIdentity known;
  *known.mutable_identity() = identity;
  if (row.first_time_ms() > 0) *known.mutable_first_time() = TimestampOf(row.first_time_ms());
  if (row.expire_time_ms() > 0) *known.mutable_expire_time() = TimestampOf(row.expire_time_ms());
  if (row.revoke_time_ms() > 0) *known.mutable_revoke_time() = TimestampOf(row.revoke_time_ms());
  return known;
}

}  // namespace

bool IsOwnProgram(const v1::Identity& identity) {
  return identity.role() == v1::Identity::OPERATOR &&
         absl::StartsWith(identity.name(), kOwnProgramPrefix);
}

absl::Status NoteJoined(Transaction& tx, const v1::Identity& identity, absl::Time now) {
  BL_ASSIGN_OR_RETURN(store::KnownIdentity row, RowOf(tx, IdentityText(identity)));
  SetFirstTime(now, row);
  SetExpireTime(now + LifeOf(identity), row);
  return tx.PutIdentity(row);
}

absl::StatusOr<std::unique_ptr<Identities>> Identities::Load(Store& store) {
  std::vector<store::KnownIdentity> rows;
  BL_RETURN_IF_ERROR(store.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(rows, tx.ListIdentities());
    return absl::OkStatus();
  }));
  std::unique_ptr<Identities> identities(new Identities(store));
  MutexLock lock(identities->mu_);
  for (const store::KnownIdentity& row : rows) {
    if (row.revoke_time_ms() == 0) continue;
    identities->revoked_[row.identity()] = absl::FromUnixMillis(row.revoke_time_ms());
  }
  return identities;
}

absl::Status Identities::Check(const v1::Identity& identity) const {
  const std::string text = IdentityText(identity);
  MutexLock lock(mu_);
  const auto found = revoked_.find(text);
  if (found == revoked_.end()) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrFormat(
      "%s was revoked at %s: an operator's token for another name lets its holder join again, into "
      "another identity folder",
      text, absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", found->second, absl::UTCTimeZone())));
}

void Identities::Called(const v1::Identity& identity, absl::Time expire, absl::Time now) {
  if (IsOwnProgram(identity)) return;
  const std::string text = IdentityText(identity);
  MutexLock lock(mu_);
  const auto [entry, is_new] = calls_.try_emplace(text, Calls{now, now, expire});
  if (is_new) return;
  Calls& calls = entry->second;
  calls.last = now;
  if (expire <= calls.expire) return;
  calls.expire = expire;
  calls.kept = false;
}

absl::Status Identities::Keep() {
  std::map<std::string, Calls> fresh;
  {
    MutexLock lock(mu_);
    for (const auto& [identity, calls] : calls_) {
      if (!calls.kept) fresh.emplace(identity, calls);
    }
  }
  if (fresh.empty()) return absl::OkStatus();
  absl::Status stored = store_.Run([&](Transaction& tx) -> absl::Status {
    for (const auto& [identity, calls] : fresh) {
      BL_ASSIGN_OR_RETURN(store::KnownIdentity row, RowOf(tx, identity));
      Add(calls, row);
      BL_RETURN_IF_ERROR(tx.PutIdentity(row));
    }
    return absl::OkStatus();
  });
  if (!stored.ok()) return stored;
  MutexLock lock(mu_);
  for (const auto& [identity, calls] : fresh) {
    Calls& now = calls_[identity];
    now.kept = now.expire == calls.expire;  // Else it has a newer certificate by now.
  }
  return absl::OkStatus();
}

void Identities::Add(const Calls& calls, store::KnownIdentity& row) {
  SetFirstTime(calls.first, row);
  SetExpireTime(calls.expire, row);
}

absl::StatusOr<absl::Time> Identities::Revoke(const v1::Identity& identity, bool allow_missing,
                                              absl::Time now) {
  const std::string text = IdentityText(identity);
  BL_RETURN_IF_ERROR(Keep());  // Who has just called is known.
  store::KnownIdentity row;
  BL_RETURN_IF_ERROR(store_.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(row, RowOf(tx, text));
    if (row.revoke_time_ms() > 0) return absl::OkStatus();
    if (row.first_time_ms() == 0 && !allow_missing) {
      return absl::NotFoundError(absl::StrFormat("%s has never joined or called here", text));
    }
    row.set_revoke_time_ms(absl::ToUnixMillis(now));
    return tx.PutIdentity(row);
  }));
  MutexLock lock(mu_);
  return revoked_[text] = absl::FromUnixMillis(row.revoke_time_ms());
}

absl::StatusOr<std::vector<v1::KnownIdentity>> Identities::List() const {
  std::map<std::string, store::KnownIdentity> rows;
  BL_RETURN_IF_ERROR(store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::vector<store::KnownIdentity> kept, tx.ListIdentities());
    for (const store::KnownIdentity& row : kept) rows[row.identity()] = row;
    return absl::OkStatus();
  }));
  std::map<std::string, Calls> calls;
  {
    MutexLock lock(mu_);
    calls = calls_;
  }
  for (const auto& [identity, shown] : calls) Add(shown, rows[identity]);
  std::vector<v1::KnownIdentity> known;
  for (const auto& [text, row] : rows) {
    BL_ASSIGN_OR_RETURN(const v1::Identity identity, ParseIdentityText(text));
    known.push_back(ToProto(row, identity));
    const auto shown = calls.find(text);
    if (shown == calls.end()) continue;
    *known.back().mutable_last_call_time() = ToTimestamp(shown->second.last);
  }
  return known;
}

}  // namespace boardloop
