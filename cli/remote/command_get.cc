// boardloop get: downloads what a search delivers.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/output.h"
#include "cli/remote/artifact_transfer.h"
#include "cli/remote/commands.h"
#include "cli/remote/format.h"
#include "cli/remote/json.h"
#include "cli/remote/names.h"
#include "cli/remote/remote_flags.h"
#include "cli/remote/result_text.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Downloads what a search delivers";

constexpr char kNotes[] =
    R"(Each file is checked against its SHA-256; none is left half written. With result.json comes a table of its figures.

Examples:
  boardloop get quick-fox
  boardloop get quick-fox --out firmware library.tar.gz firmware.elf
)";

constexpr char kResult[] = "result.json";
constexpr int64_t kMaxResultBytes = int64_t{64} << 20;

struct GetFlags {
  RemoteFlags remote;
  std::string name;
  std::string out;
  std::vector<std::string> files;
};

// A name that the coordinator gives must not lead out of the folder.
absl::Status CheckFileName(const std::string& name) {
  if (!name.empty() && name[0] != '.' && name.find('/') == std::string::npos &&
      Printable(name) == name) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrFormat("the coordinator delivers a file named \"%s\": refused", name));
}

absl::StatusOr<std::vector<v1::Deliverable>> Chosen(const v1::Search& search,
                                                    const std::vector<std::string>& files) {
  if (search.deliverables().empty()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s delivers nothing: it is %s", search.name(), v1::Search::State_Name(search.state())));
  }
  std::vector<v1::Deliverable> all(search.deliverables().begin(), search.deliverables().end());
  if (files.empty()) return all;
  std::vector<v1::Deliverable> chosen;
  std::vector<std::string> names;
  for (const v1::Deliverable& file : all) names.push_back(file.file_name());
  for (const std::string& wanted : files) {
    size_t i = 0;
    while (i < names.size() && names[i] != wanted) ++i;
    if (i == names.size()) {
      return absl::NotFoundError(absl::StrFormat("%s delivers no \"%s\"; there are %s",
                                                 search.name(), wanted,
                                                 absl::StrJoin(names, ", ")));
    }
    chosen.push_back(all[i]);
  }
  return chosen;
}

// The figures, where the file that has them is among those that were fetched.
absl::Status WriteSummary(const std::filesystem::path& folder,
                          const std::vector<v1::Deliverable>& files) {
  const bool there = std::any_of(files.begin(), files.end(), [](const v1::Deliverable& file) {
    return file.file_name() == kResult;
  });
  if (!there) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(const std::string json,
                      ReadFile((folder / kResult).string(), kMaxResultBytes));
  BL_ASSIGN_OR_RETURN(const std::string text, ResultText(json));
  return WriteResults(absl::StrCat("\n", text));
}

absl::StatusOr<ExitCode> RunGet(Connection& connection, const GetFlags& flags) {
  v1::GetSearchRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_name(), ResourceName("searches", flags.name));
  BL_ASSIGN_OR_RETURN(const v1::Search search,
                      connection.Call(&v1::SearchService::Stub::GetSearch, request));
  BL_ASSIGN_OR_RETURN(const std::vector<v1::Deliverable> chosen, Chosen(search, flags.files));
  const std::filesystem::path folder = flags.out.empty() ? LastPart(search.name()) : flags.out;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrFormat("create %s: %s", folder.string(), error.message()));
  }
  for (const v1::Deliverable& file : chosen) {
    BL_RETURN_IF_ERROR(CheckFileName(file.file_name()));
    const std::string path = (folder / file.file_name()).string();
    BL_RETURN_IF_ERROR(DownloadArtifact(connection, file.artifact(), path));
    BL_RETURN_IF_ERROR(flags.remote.json ? WriteJson(file, JsonForm::kLine)
                                         : WriteResults(absl::StrFormat(
                                               "%s  %s\n", path, FileSizeText(file.size_bytes()))));
  }
  if (flags.remote.json) return ExitCode::kOk;
  BL_RETURN_IF_ERROR(WriteSummary(folder, chosen));
  return ExitCode::kOk;
}

}  // namespace

void AddGetCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("get", kHelp)->group(kSearchGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<GetFlags>();
  AddName(command, flags->name, "SEARCH", "Name of the search");
  command.add_option("files", flags->files, "Files of it (default: all)")->type_name("DELIVERABLE");
  command.add_option("--out", flags->out, "Folder to write to (default: the search's name)")
      ->type_name("DIR");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunGet);
}

}  // namespace boardloop
