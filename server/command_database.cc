// boardloop-server check and backup: the database, without and beside a running coordinator.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "boardloop/v1/admin_service.grpc.pb.h"
#include "cli/client/grpc_status.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "server/command.h"
#include "server/own_coordinator.h"
#include "server/program.h"
#include "server/store/check.h"
#include "server/store/sqlite_store.h"

namespace boardloop {
namespace {

std::string DatabaseIn(const std::string& state) {
  return absl::StrCat(state.empty() ? DefaultServerFolder() : state, "/boardloop.db");
}

// Of no byte, and none in the log that belongs to it.
bool IsEmpty(const std::string& database) {
  std::error_code error;
  if (std::filesystem::file_size(database, error) != 0 || error) return false;
  const auto log = std::filesystem::file_size(database + "-wal", error);
  return error || log == 0;
}

absl::StatusOr<int> RunCheck(const std::string& state) {
  const bool empty = IsEmpty(DatabaseIn(state));  // Before it is opened.
  BL_ASSIGN_OR_RETURN(std::vector<std::string> findings, CheckDatabase(DatabaseIn(state)));
  // What happened is read from rows that are whole.
  if (findings.empty()) {
    BL_ASSIGN_OR_RETURN(findings, CheckDatabaseHistory(DatabaseIn(state)));
  }
  if (findings.empty()) {
    const char* const text = empty ? ": it is empty, no coordinator has stored anything in it\n"
                                   : ": nothing is wrong\n";
    BL_RETURN_IF_ERROR(WriteResults(absl::StrCat(DatabaseIn(state), text)));
    return 0;
  }
  BL_RETURN_IF_ERROR(WriteResults(absl::StrCat(absl::StrJoin(findings, "\n"), "\n")));
  return 1;
}

// By the coordinator that has the database open; `in_use` where none answers.
absl::Status BackUpBeside(const std::string& state, const std::string& to,
                          const absl::Status& in_use) {
  const absl::StatusOr<OwnCoordinator> own = FindOwnCoordinator(
      state.empty() ? DefaultServerFolder() : state, /*server=*/"", OwnCoordinator::As::kOperator);
  if (absl::IsNotFound(own.status()) || absl::IsUnavailable(own.status())) return in_use;
  if (!own.ok()) return own.status();
  v1::AdminService::Stub stub(own->channel);
  grpc::ClientContext context;
  v1::BackUpDatabaseRequest request;
  request.set_path(std::filesystem::absolute(to).string());
  v1::BackUpDatabaseResponse response;
  return FromGrpc(stub.BackUpDatabase(&context, request, &response));
}

absl::Status BackUp(const std::string& state, const std::string& to) {
  const absl::StatusOr<std::unique_ptr<SqliteStore>> store =
      SqliteStore::Open(DatabaseIn(state), {});
  if (store.ok()) return (*store)->Backup(to);
  if (absl::IsFailedPrecondition(store.status())) return BackUpBeside(state, to, store.status());
  return store.status();
}

absl::StatusOr<int> RunBackup(const std::string& state, const std::string& to) {
  BL_RETURN_IF_ERROR(BackUp(state, to));
  BL_RETURN_IF_ERROR(WriteResults(absl::StrCat(to, "\n")));
  return 0;
}

}  // namespace

void AddCheckCommand(CLI::App& program, ServerAction& action) {
  CLI::App& command =
      *program.add_subcommand("check", "Verifies the database; the coordinator must be stopped");
  auto state = std::make_shared<std::string>();
  AddState(command, *state);
  command.callback([state, &action] { action = [state] { return RunCheck(*state); }; });
}

void AddBackupCommand(CLI::App& program, ServerAction& action) {
  CLI::App& command = *program.add_subcommand(
      "backup", "Writes a consistent copy of the database, also of a coordinator that runs");
  auto state = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  AddState(command, *state);
  command.add_option("FILE", *to, "File to write; must not exist")->required()->type_name("");
  command.callback(
      [state, to, &action] { action = [state, to] { return RunBackup(*state, *to); }; });
}

}  // namespace boardloop
