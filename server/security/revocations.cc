#include "server/security/revocations.h"

#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/identity/identity_name.h"

namespace boardloop {

absl::StatusOr<std::unique_ptr<Revocations>> Revocations::Load(Store& store) {
  std::vector<store::Revocation> rows;
  BL_RETURN_IF_ERROR(store.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(rows, tx.ListRevocations());
    return absl::OkStatus();
  }));
  std::unique_ptr<Revocations> revocations(new Revocations(store));
  MutexLock lock(revocations->mu_);
  for (const store::Revocation& row : rows) {
    revocations->revoked_[row.identity()] = absl::FromUnixMillis(row.time_ms());
  }
  return revocations;
}

absl::StatusOr<absl::Time> Revocations::Revoke(const v1::Identity& identity, absl::Time now) {
  const std::string text = IdentityText(identity);
  store::Revocation row;
  BL_RETURN_IF_ERROR(store_.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::optional<store::Revocation> before, tx.GetRevocation(text));
    if (before.has_value()) {
      row = *before;
      return absl::OkStatus();
    }
    row.set_identity(text);
    row.set_time_ms(absl::ToUnixMillis(now));
    return tx.PutRevocation(row);
  }));
  MutexLock lock(mu_);
  return revoked_[text] = absl::FromUnixMillis(row.time_ms());
}

absl::Status Revocations::Check(const v1::Identity& identity) const {
  const std::string text = IdentityText(identity);
  MutexLock lock(mu_);
  const auto found = revoked_.find(text);
  if (found == revoked_.end()) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrFormat(
      "%s was revoked at %s: an operator's token for another name lets its holder join again", text,
      absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", found->second, absl::UTCTimeZone())));
}

}  // namespace boardloop
