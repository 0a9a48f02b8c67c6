#include "cli/join/token_flags.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "core/identity/identity_name.h"
#include "google/protobuf/util/json_util.h"

namespace boardloop {

void AddTokenFlags(CLI::App& command, TokenFlags& flags) {
  AddChoice<v1::Identity::Role>(command, "--role", flags.role,
                                {{"user", v1::Identity::USER},
                                 {"operator", v1::Identity::OPERATOR},
                                 {"worker", v1::Identity::WORKER},
                                 {"agent", v1::Identity::AGENT}},
                                "What its holder may do")
      ->required();
  command
      .add_option("--name", flags.name,
                  "The only name it may be used for (default: who joins chooses)")
      ->type_name("NAME")
      ->check(NotEmpty);
  AddInteger(command, "--uses", flags.uses, 1, 1000, "How many may join with it");
  AddInteger(command, "--hours", flags.hours, 1, 720, "How long it may be used");
}

v1::CreateTokenRequest TokenRequest(const TokenFlags& flags) {
  v1::CreateTokenRequest request;
  request.set_role(flags.role);
  request.set_name(flags.name);
  request.set_uses(flags.uses);
  request.set_hours(flags.hours);
  return request;
}

absl::Status WriteToken(const v1::CreateTokenResponse& token, bool json) {
  if (json) {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string text;
    const auto written = google::protobuf::util::MessageToJsonString(token, &text, options);
    if (!written.ok()) return absl::InternalError("the token does not become JSON");
    return WriteResults(text + "\n");
  }
  BL_RETURN_IF_ERROR(WriteResults(token.token() + "\n"));
  const absl::Time expire = absl::FromUnixSeconds(token.expire_time().seconds());
  WriteMessage(absl::StrFormat(
      "%s/%s may join with it, %s, until %s (ID %s): boardloop join HOST:PORT TOKEN",
      RoleName(token.role()), token.name().empty() ? "any name" : token.name(),
      token.uses() == 1 ? "once" : absl::StrCat(token.uses(), " times"),
      absl::FormatTime("%Y-%m-%d %H:%M", expire, absl::LocalTimeZone()), token.token_id()));
  return absl::OkStatus();
}

}  // namespace boardloop
