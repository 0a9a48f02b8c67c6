// boardloop-server check and backup: the database, without and beside a running coordinator.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "server/command.h"
#include "server/program.h"
#include "server/store/check.h"
#include "server/store/sqlite_store.h"

namespace boardloop {
namespace {

std::string DatabaseIn(const std::string& state) {
  return absl::StrCat(state.empty() ? DefaultServerFolder() : state, "/boardloop.db");
}

absl::StatusOr<int> RunCheck(const std::string& state) {
  BL_ASSIGN_OR_RETURN(std::vector<std::string> findings, CheckDatabase(DatabaseIn(state)));
  // What happened is read from rows that are whole.
  if (findings.empty()) {
    BL_ASSIGN_OR_RETURN(findings, CheckDatabaseHistory(DatabaseIn(state)));
  }
  if (findings.empty()) {
    BL_RETURN_IF_ERROR(WriteResults(absl::StrCat(DatabaseIn(state), ": nothing is wrong\n")));
    return 0;
  }
  BL_RETURN_IF_ERROR(WriteResults(absl::StrCat(absl::StrJoin(findings, "\n"), "\n")));
  return 1;
}

absl::StatusOr<int> RunBackup(const std::string& state, const std::string& to) {
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store,
                      SqliteStore::Open(DatabaseIn(state), {}));
  BL_RETURN_IF_ERROR(store->Backup(to));
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
  CLI::App& command = *program.add_subcommand("backup", "Writes a consistent copy of the database");
  auto state = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  AddState(command, *state);
  command.add_option("FILE", *to, "File to write; must not exist")->required()->type_name("");
  command.callback(
      [state, to, &action] { action = [state, to] { return RunBackup(*state, *to); }; });
}

}  // namespace boardloop
