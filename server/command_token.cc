// boardloop-server token: lets somebody join, from the coordinator's own machine.

#include <filesystem>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "boardloop/v1/security_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "cli/join/token_flags.h"
#include "cli/options.h"
#include "core/base/file_io.h"
#include "core/base/status.h"
#include "core/identity/authority.h"
#include "server/command.h"
#include "server/own_coordinator.h"
#include "server/program.h"
#include "server/security/join_tokens.h"
#include "server/security/server_tls.h"
#include "server/store/sqlite_store.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Makes a token to join with";

constexpr char kNotes[] = R"(Through the coordinator that runs in the state folder, or without one.

Examples:
  boardloop-server token --role operator --name anna
  boardloop-server token --role worker --uses 20 --hours 24 > token.txt
)";

constexpr absl::Duration kCall = absl::Seconds(15);

struct Flags {
  std::string state;
  TokenFlags token;
  bool json = false;
};

absl::StatusOr<v1::CreateTokenResponse> AskCoordinator(const std::string& state,
                                                       const v1::CreateTokenRequest& request,
                                                       const absl::Status& in_use) {
  const absl::StatusOr<OwnCoordinator> own =
      FindOwnCoordinator(state, /*server=*/"", OwnCoordinator::As::kOperator);
  if (absl::IsNotFound(own.status()) || absl::IsUnavailable(own.status())) return in_use;
  if (!own.ok()) return own.status();
  grpc::ClientContext context;
  SetDeadline(context, kCall);
  v1::CreateTokenResponse response;
  const auto stub = v1::SecurityService::NewStub(own->channel);
  BL_RETURN_IF_ERROR(FromGrpc(stub->CreateToken(&context, request, &response), own->address));
  return response;
}

absl::StatusOr<v1::CreateTokenResponse> MakeToken(const std::string& state,
                                                  const v1::CreateTokenRequest& request) {
  std::error_code error;
  std::filesystem::create_directories(state, error);
  if (error) return FileError("making the state folder", state, error.value());
  const absl::StatusOr<std::unique_ptr<SqliteStore>> store =
      SqliteStore::Open(state + "/boardloop.db", {});
  if (absl::IsFailedPrecondition(store.status())) {
    return AskCoordinator(state, request, store.status());
  }
  if (!store.ok()) return store.status();
  BL_ASSIGN_OR_RETURN(const Authority authority,
                      Authority::LoadOrCreate(AuthorityFolderIn(state), absl::Now()));
  return CreateJoinToken(**store, request, authority.sha256(), absl::Now());
}

absl::StatusOr<int> RunToken(const Flags& flags) {
  const std::string state = flags.state.empty() ? DefaultServerFolder() : flags.state;
  BL_ASSIGN_OR_RETURN(const v1::CreateTokenResponse token,
                      MakeToken(state, TokenRequest(flags.token)));
  SayIfNoneServed(state);
  BL_RETURN_IF_ERROR(WriteToken(token, flags.json));
  return 0;
}

}  // namespace

void AddTokenCommand(CLI::App& program, ServerAction& action) {
  CLI::App& command = *program.add_subcommand("token", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddTokenFlags(command, flags->token);
  AddState(command, flags->state);
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunToken(*flags); }; });
}

}  // namespace boardloop
