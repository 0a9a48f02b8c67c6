#include "cli/client/member_identity.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/channel.h"
#include "cli/client/credentials.h"
#include "cli/client/join.h"
#include "cli/client/member_loop.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/identity/identity_folder.h"
#include "core/identity/identity_name.h"
#include "core/identity/join_token.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxToken = 4096;
constexpr absl::Duration kAgain = absl::Seconds(2);

std::string DefaultName(const std::string& suffix) {
  return DefaultMemberName(suffix).substr(std::string("members/").size());
}

absl::Status OtherRole(const std::string& found, v1::Identity::Role role) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s, and that of role %s is needed: `boardloop token --role %s` makes a token", found,
      RoleName(role), RoleName(role)));
}

// The flags with the identity that there is now.
absl::StatusOr<TargetFlags> Join(const MemberFlags& flags, v1::Identity::Role role,
                                 const std::string& suffix, const std::string& own_folder,
                                 const std::function<void(const std::string& line)>& log) {
  TargetFlags target = flags.target;
  target.identity = AskedIdentity(flags.target);
  if (target.identity == "none") {
    return absl::InvalidArgumentError("--join-token-file with --identity none: one of them");
  }
  if (target.identity.empty()) target.identity = own_folder;
  const absl::Status usable = CheckUsable(target.identity, absl::Now());
  if (usable.ok()) return target;
  BL_ASSIGN_OR_RETURN(const std::string token, ReadFile(flags.join_token_file, kMaxToken));
  const std::string address = target.server.empty() ? ServerFromEnvironment() : target.server;
  BL_ASSIGN_OR_RETURN(const v1::JoinToken parsed, ParseJoinToken(token));
  // Found out here, it is not used up by who cannot use it.
  if (parsed.role() != role) {
    return OtherRole(absl::StrFormat("the join token in %s is one for the role %s",
                                     flags.join_token_file, RoleName(parsed.role())),
                     role);
  }
  const auto join = [&] {
    return JoinCoordinator(address, token, flags.name, target.identity, DefaultName(suffix));
  };
  absl::StatusOr<v1::Identity> joined = join();
  if (absl::IsUnavailable(joined.status())) log(std::string(joined.status().message()));
  // A coordinator that is not there yet is waited for, as by a member that has joined.
  while (absl::IsUnavailable(joined.status())) {
    absl::SleepFor(kAgain);
    joined = join();
  }
  if (!joined.ok()) {
    return Annotate(joined.status(),
                    absl::StrCat(std::string(usable.message()), "; joining with the token in ",
                                 flags.join_token_file));
  }
  log(absl::StrFormat("joined %s as %s", address, IdentityText(*joined)));
  return target;
}

}  // namespace

absl::StatusOr<MemberTarget> PrepareMember(
    const MemberFlags& flags, v1::Identity::Role role, const std::string& suffix,
    const std::string& own_folder, const std::function<void(const std::string& line)>& log) {
  TargetFlags target_flags = flags.target;
  if (!flags.join_token_file.empty()) {
    BL_ASSIGN_OR_RETURN(target_flags, Join(flags, role, suffix, own_folder, log));
  }
  MemberTarget result;
  BL_ASSIGN_OR_RETURN(result.target, FindTarget(target_flags, own_folder));
  std::string name = flags.name;
  if (!result.target.identity.empty()) {
    BL_RETURN_IF_ERROR(CheckUsable(result.target.identity, absl::Now()));
    BL_ASSIGN_OR_RETURN(const IdentityFiles files, ReadIdentity(result.target.identity));
    BL_ASSIGN_OR_RETURN(const Certificate certificate, ParseCertificate(files.certificate));
    const v1::Identity& identity = *certificate.identity;  // CheckUsable: there is one.
    if (identity.role() != role) {
      return OtherRole(absl::StrFormat("the identity in %s is %s", result.target.identity,
                                       IdentityText(identity)),
                       role);
    }
    if (!name.empty() && name != identity.name()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the name is %s, and the identity in %s is %s: leave --name away, or join as %s into "
          "another folder (--identity)",
          name, result.target.identity, IdentityText(identity), name));
    }
    name = identity.name();
  }
  result.member = name.empty() ? DefaultMemberName(suffix) : absl::StrCat("members/", name);
  return result;
}

void AddMemberFlags(CLI::App& command, MemberFlags& flags) {
  AddTarget(command, flags.target);
  command.get_option("--identity")
      ->default_str("identity in --state, else ~/.config/boardloop/identity");
  command
      .add_option("--name", flags.name,
                  "The same after a restart (default: the identity's, else the host's)")
      ->type_name("NAME");
  command
      .add_option("--join-token-file", flags.join_token_file,
                  "Join with the token in this file where there is no valid identity yet")
      ->type_name("FILE");
}

}  // namespace boardloop
