#include "cli/local/stack_config.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/client/channel.h"
#include "core/base/status.h"
#include "core/board/virtual_boards.h"

namespace boardloop {
namespace {

absl::StatusOr<std::vector<std::string>> CheckedBoards(const std::vector<std::string>& texts) {
  std::vector<std::string> types, checked;
  for (const std::string& text : texts) {
    BL_ASSIGN_OR_RETURN(const VirtualBoards boards, ParseVirtualBoards(text));
    if (std::find(types.begin(), types.end(), boards.type) != types.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--virtual names %s twice: %s:N is N boards", boards.type, boards.type));
    }
    types.push_back(boards.type);
    checked.push_back(absl::StrCat(boards.type, ":", boards.count));
  }
  std::sort(checked.begin(), checked.end());
  return checked;
}

absl::StatusOr<std::string> CheckedBench(const std::string& path) {
  std::error_code error;
  const std::filesystem::path full = std::filesystem::absolute(path, error);
  if (error || !std::filesystem::is_regular_file(full, error)) {
    return absl::NotFoundError(absl::StrFormat("--bench %s: there is no such file", path));
  }
  return full.lexically_normal().string();
}

std::string BoardsText(const StackConfig& config) {
  return absl::StrCat("--virtual ", absl::StrJoin(config.virtual_boards, " --virtual "));
}
std::string BenchText(const StackConfig& config) {
  return config.bench.empty() ? "no --bench" : absl::StrCat("--bench ", config.bench);
}

// Whether somebody who asks for `listen` may be given what was started with `running` and is at `address`.
bool SameAddress(const std::string& running, const std::string& address,
                 const std::string& listen) {
  if (listen == running || listen == address) return true;
  const absl::StatusOr<HostPort> asked = ParseHostPort(listen), found = ParseHostPort(address);
  return asked.ok() && found.ok() && asked->port == 0 && asked->host == found->host;
}

}  // namespace

absl::StatusOr<StackRequest> CheckedRequest(const StackRequest& request) {
  StackRequest checked = request;
  if (request.listen) BL_RETURN_IF_ERROR(ParseHostPort(*request.listen).status());
  if (request.virtual_boards) {
    BL_ASSIGN_OR_RETURN(checked.virtual_boards, CheckedBoards(*request.virtual_boards));
  }
  if (request.bench) {
    BL_ASSIGN_OR_RETURN(checked.bench, CheckedBench(*request.bench));
  }
  return checked;
}

StackConfig Merged(const StackConfig& base, const StackRequest& request) {
  StackConfig merged;
  merged.listen = request.listen.value_or(base.listen);
  merged.virtual_boards = request.virtual_boards.value_or(base.virtual_boards);
  merged.bench = request.bench.value_or(base.bench);
  merged.threads = request.threads.value_or(base.threads);
  merged.worker = request.worker.value_or(base.worker);
  return merged;
}

std::string ConfigText(const StackConfig& config) {
  return absl::StrFormat("--listen %s %s%s --threads %d%s", config.listen, BoardsText(config),
                         config.bench.empty() ? "" : absl::StrCat(" ", BenchText(config)),
                         config.threads, config.worker ? "" : " --no-worker");
}

absl::Status CheckSame(const StackConfig& running, const std::string& address,
                       const StackConfig& asked) {
  std::vector<std::string> runs, wanted;
  const auto compare = [&](bool same, const std::string& is, const std::string& asks) {
    if (same) return;
    runs.push_back(is);
    wanted.push_back(asks);
  };
  compare(SameAddress(running.listen, address, asked.listen), absl::StrCat("--listen ", address),
          absl::StrCat("--listen ", asked.listen));
  compare(running.virtual_boards == asked.virtual_boards, BoardsText(running), BoardsText(asked));
  compare(running.bench == asked.bench, BenchText(running), BenchText(asked));
  compare(running.threads == asked.threads, absl::StrCat("--threads ", running.threads),
          absl::StrCat("--threads ", asked.threads));
  compare(running.worker == asked.worker, running.worker ? "a worker" : "--no-worker",
          asked.worker ? "a worker" : "--no-worker");
  if (runs.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat("what runs has %s, asked for is %s",
                                                       absl::StrJoin(runs, " and "),
                                                       absl::StrJoin(wanted, " and ")));
}

nlohmann::ordered_json ConfigJson(const StackConfig& config) {
  return {{"listen", config.listen},
          {"virtual_boards", config.virtual_boards},
          {"bench", config.bench},
          {"threads", config.threads},
          {"worker", config.worker}};
}

StackConfig ConfigFromJson(const nlohmann::json& json) {
  StackConfig config;
  if (!json.is_object()) return config;
  const auto get = [&](const char* key) { return json.value(key, nlohmann::json()); };
  if (get("listen").is_string()) config.listen = get("listen");
  if (get("bench").is_string()) config.bench = get("bench");
  if (get("threads").is_number_integer()) config.threads = get("threads");
  if (get("worker").is_boolean()) config.worker = get("worker");
  if (const nlohmann::json boards = get("virtual_boards"); boards.is_array()) {
    config.virtual_boards.clear();
    for (const nlohmann::json& board : boards) {
      if (board.is_string()) config.virtual_boards.push_back(board);
    }
  }
  return config;
}

}  // namespace boardloop
