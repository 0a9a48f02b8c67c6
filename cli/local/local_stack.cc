#include "cli/local/local_stack.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "boardloop/v1/board_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "cli/local/folder_lock.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "grpcpp/grpcpp.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxStackFile = 1 << 20, kMaxQuoted = 64 << 10;
constexpr absl::Duration kLook = absl::Milliseconds(100);
constexpr absl::Duration kServerStart = absl::Seconds(20);
// A board's first check compiles the firmware.
constexpr absl::Duration kBoardsStart = absl::Seconds(180);
constexpr absl::Duration kPatience = absl::Seconds(45);
// Longer than an `up` or `down` takes that has to wait for all that it can wait for.
constexpr absl::Duration kOthers = absl::Minutes(6);
constexpr absl::Duration kCall = absl::Seconds(5);
constexpr int kLogLines = 5;
constexpr char kWorker[] = "local-worker", kAgent[] = "local-agent";
// In the order in which they are ended.
constexpr const char* kPrograms[] = {"worker", "agent", "server"};

std::string StackFile(const std::string& folder) { return folder + "/stack.json"; }
std::string LogFile(const std::string& folder, const std::string& program) {
  return absl::StrCat(folder, "/logs/", program, ".log");
}

absl::StatusOr<std::string> ProgramBeside(const std::string& name) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const std::string path = (self.parent_path() / name).string();
  if (!error && fs::exists(path, error)) return path;
  return absl::NotFoundError(absl::StrFormat(
      "there is no %s: build it (deploy/build.sh) or install it beside this program", path));
}

absl::Status MakeFolders(const std::string& folder) {
  for (const char* part : {"", "/logs", "/server", "/worker", "/agent"}) {
    std::error_code error;
    fs::create_directories(folder + part, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrFormat("%s%s cannot be made: %s", folder, part, error.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteStack(const std::string& folder, const Stack& stack) {
  nlohmann::ordered_json json = {
      {"version", 1}, {"address", stack.address}, {"started_with", ConfigJson(stack.config)}};
  for (const auto& [name, daemon] : stack.programs) {
    json["programs"][name] = {{"pid", daemon.pid}, {"start_ticks", daemon.start_ticks}};
  }
  return WriteFileAtomically(StackFile(folder), json.dump(2) + "\n");
}

// What a file says that anybody may have written to: 0, and an empty object, for anything else than was looked for.
int64_t IntegerIn(const nlohmann::json& json, const char* key) {
  if (!json.is_object()) return 0;
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}
nlohmann::json ObjectIn(const nlohmann::json& json, const char* key) {
  if (!json.is_object()) return nlohmann::json::object();
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : nlohmann::json::object();
}

int64_t SizeOf(const std::string& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// Of what was written to the file behind `begin`: what stands before it is of earlier runs. On one line, as errors are.
std::string LastLines(const std::string& path, int64_t begin) {
  const int64_t size = SizeOf(path);
  std::ifstream file(path, std::ios::binary);
  file.seekg(std::max(begin, size - kMaxQuoted));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.empty()) return "it wrote nothing";
  // Our programs say in their last line why they end.
  if (absl::StartsWith(lines.back(), "boardloop-")) return lines.back();
  if (lines.size() > kLogLines) lines.erase(lines.begin(), lines.end() - kLogLines);
  return absl::StrCat("its last lines are: ", absl::StrJoin(lines, " | "));
}

class Starter {
 public:
  explicit Starter(const StackOptions& options) : options_(options) {}

  absl::StatusOr<Stack> Run() {
    BL_ASSIGN_OR_RETURN(const StackRequest request, CheckedRequest(options_.request));
    BL_RETURN_IF_ERROR(MakeFolders(options_.folder));
    BL_ASSIGN_OR_RETURN(const FolderLock lock,
                        FolderLock::Take(options_.folder, "up", kOthers, options_.progress));
    BL_RETURN_IF_ERROR(FindRunning(request));
    BL_RETURN_IF_ERROR(FindPrograms());
    const absl::Status started = StartAll();
    if (started.ok()) {
      FindMetrics();
      return stack_;
    }
    EndStarted();
    return started;
  }

 private:
  absl::Status StartAll() {
    for (const char* name : kPrograms) log_begins_[name] = SizeOf(LogFile(options_.folder, name));
    BL_RETURN_IF_ERROR(StartServer());
    if (stack_.config.worker) {
      BL_RETURN_IF_ERROR(Start(
          "worker", "boardloop-worker",
          {"serve", "--server", stack_.address, "--state", options_.folder + "/worker", "--threads",
           absl::StrCat(stack_.config.threads), "--name", kWorker, "--identity", "none"}));
    }
    BL_RETURN_IF_ERROR(StartAgent());
    return WaitForBoards();
  }

  // What we started, and nothing else: the failed `up` leaves what it found.
  void EndStarted() {
    for (const char* name : kPrograms) {
      if (started_.count(name) == 0) continue;
      Say(absl::StrCat("ending the ", name));
      const absl::Status stopped = StopDaemon(stack_.programs[name], kPatience);
      if (stopped.ok()) {
        stack_.programs.erase(name);
      } else {
        Say(std::string(stopped.message()));
      }
    }
    bool any = false;
    for (const auto& [name, daemon] : stack_.programs) any = any || IsRunning(daemon);
    std::error_code ignored;
    if (!any) {
      fs::remove(StackFile(options_.folder), ignored);
    } else if (const absl::Status written = WriteStack(options_.folder, stack_); !written.ok()) {
      Say(std::string(written.message()));
    }
  }

  absl::Status FindPrograms() const {
    for (const char* program : {"boardloop-server", "boardloop-agent", "boardloop-worker"}) {
      if (!stack_.config.worker && program == std::string("boardloop-worker")) continue;
      BL_RETURN_IF_ERROR(ProgramBeside(program).status());
    }
    return absl::OkStatus();
  }

  void Say(const std::string& line) const {
    if (options_.progress) options_.progress(line);
  }

  // What runs in the folder, and what shall: the same, where anything runs.
  absl::Status FindRunning(const StackRequest& request) {
    BL_ASSIGN_OR_RETURN(const std::optional<Stack> found, FindStack(options_.folder));
    if (!found.has_value()) {
      stack_.config = Merged(StackConfig(), request);
      return absl::OkStatus();
    }
    stack_ = *found;
    const absl::Status same =
        CheckSame(stack_.config, stack_.address, Merged(stack_.config, request));
    if (!same.ok()) {
      return absl::FailedPreconditionError(
          absl::StrFormat("%s (in %s): `boardloop down --dir %s` first",
                          std::string(same.message()), options_.folder, options_.folder));
    }
    const size_t wanted = stack_.config.worker ? 3 : 2;
    Say(absl::StrFormat("%s already: %s",
                        stack_.programs.size() == wanted ? "it runs" : "a part runs",
                        ConfigText(stack_.config)));
    return absl::OkStatus();
  }

  absl::Status Ended(const std::string& name) const {
    return absl::FailedPreconditionError(
        absl::StrFormat("the %s has ended; %s (in %s)", name,
                        LastLines(LogFile(options_.folder, name), log_begins_.at(name)),
                        LogFile(options_.folder, name)));
  }

  absl::Status Start(const std::string& name, const std::string& program,
                     const std::vector<std::string>& arguments) {
    if (IsRunning(stack_.programs[name])) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(const std::string path, ProgramBeside(program));
    std::vector<std::string> argv = {path};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    // The usual addresses of metrics belong to the stack at the usual address.
    if (stack_.config.listen != StackConfig().listen) {
      argv.insert(argv.end(), {"--metrics-listen", "127.0.0.1:0"});
    }
    log_begins_[name] = SizeOf(LogFile(options_.folder, name));
    BL_ASSIGN_OR_RETURN(stack_.programs[name], StartDaemon(argv, LogFile(options_.folder, name)));
    started_.insert(name);
    return WriteStack(options_.folder, stack_);
  }

  absl::Status StartServer() {
    if (IsRunning(stack_.programs["server"])) return absl::OkStatus();
    const std::string address_file = options_.folder + "/server/address";
    std::error_code ignored;
    fs::remove(address_file, ignored);
    // Worker and agent that still run look for it where it was.
    const std::string listen = stack_.address.empty() ? stack_.config.listen : stack_.address;
    Say("coordinator");
    BL_RETURN_IF_ERROR(
        Start("server", "boardloop-server",
              {"serve", "--listen", listen, "--state", options_.folder + "/server",
               "--address-file", address_file, "--threads", absl::StrCat(stack_.config.threads)}));
    const absl::Time end = absl::Now() + kServerStart;
    while (absl::Now() < end) {
      const absl::StatusOr<std::string> address = ReadFile(address_file, kMaxStackFile);
      if (address.ok()) {
        stack_.address = std::string(absl::StripSuffix(*address, "\n"));
        return WriteStack(options_.folder, stack_);
      }
      if (!IsRunning(stack_.programs["server"])) return Ended("server");
      absl::SleepFor(kLook);
    }
    return absl::DeadlineExceededError("the coordinator does not begin to serve");
  }

  absl::Status StartAgent() {
    std::vector<std::string> arguments = {
        "serve",  "--server", stack_.address, "--state", options_.folder + "/agent",
        "--name", kAgent,     "--identity",   "none"};
    for (const std::string& board : stack_.config.virtual_boards) {
      arguments.insert(arguments.end(), {"--virtual", board});
    }
    if (!stack_.config.bench.empty()) {
      arguments.insert(arguments.end(), {"--bench", stack_.config.bench});
    }
    Say("worker and boards");
    return Start("agent", "boardloop-agent", arguments);
  }

  // Each has written its address before it was ready.
  void FindMetrics() {
    for (const auto& [name, daemon] : stack_.programs) {
      if (!IsRunning(daemon)) continue;
      const absl::StatusOr<std::string> address =
          ReadFile(absl::StrCat(options_.folder, "/", name, "/metrics-address"), kMaxStackFile);
      if (address.ok()) stack_.metrics[name] = std::string(absl::StripSuffix(*address, "\n"));
    }
  }

  // Worker and agent have called, and the agent's boards are checked. What earlier runs left of either in the database counts for
  // nothing: a board that is not started any more would be waited for in vain.
  absl::Status WaitForBoards() {
    BL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenChannel(stack_.address));
    const auto stub = v1::BoardService::NewStub(channel);
    const absl::Time begin = absl::Now(), end = begin + kBoardsStart;
    std::string last;
    while (absl::Now() < end) {
      for (const auto& [name, daemon] : stack_.programs) {
        if (daemon.pid != 0 && !IsRunning(daemon)) return Ended(name);
      }
      bool ready = HasCalled(*stub, kAgent, begin) &&
                   (!stack_.config.worker || HasCalled(*stub, kWorker, begin));
      std::string text = ready ? "" : "waiting for worker and agent";
      if (ready) ready = BoardsAreChecked(*stub, text);
      if (text != last) Say(text);
      last = text;
      if (ready) return absl::OkStatus();
      absl::SleepFor(kLook);
    }
    return absl::DeadlineExceededError(absl::StrFormat("the boards are not in service after %s: %s",
                                                       absl::FormatDuration(kBoardsStart), last));
  }

  // Since `begin`, by the clock that the coordinator has too.
  bool HasCalled(v1::BoardService::Stub& stub, const std::string& member, absl::Time begin) const {
    v1::ListMembersRequest request;
    v1::ListMembersResponse members;
    request.set_page_size(1000);
    grpc::ClientContext context;
    SetDeadline(context, kCall);
    if (!stub.ListMembers(&context, request, &members).ok()) return false;
    for (const v1::Member& row : members.members()) {
      if (row.name() != absl::StrCat("members/", member)) continue;
      const google::protobuf::Timestamp& time = row.last_call_time();
      return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()) >= begin;
    }
    return false;
  }

  // Of the agent; `text` says how each is. Those that the check found unfit are noted with the reason: they may be all.
  bool BoardsAreChecked(v1::BoardService::Stub& stub, std::string& text) {
    v1::ListBoardsRequest request;
    v1::ListBoardsResponse boards;
    request.set_page_size(1000);
    grpc::ClientContext context;
    SetDeadline(context, kCall);
    if (!stub.ListBoards(&context, request, &boards).ok()) return false;
    int checking = 0;
    stack_.boards_in_service = 0;
    stack_.boards_out_of_service.clear();
    for (const v1::Board& board : boards.boards()) {
      if (board.agent() != absl::StrCat("members/", kAgent)) continue;
      if (board.state() == v1::Board::OFFLINE) continue;
      const std::string& state = v1::Board::State_Name(board.state());
      absl::StrAppend(&text, text.empty() ? "" : ", ", board.name(), " ", state);
      if (board.state() == v1::Board::CHECKING) {
        ++checking;
      } else if (board.state() == v1::Board::QUARANTINED || board.state() == v1::Board::DRAINED) {
        stack_.boards_out_of_service.push_back({board.name(), state, board.reason()});
      } else {
        ++stack_.boards_in_service;
      }
    }
    const bool any = stack_.boards_in_service > 0 || !stack_.boards_out_of_service.empty();
    return any && checking == 0;
  }

  const StackOptions& options_;
  Stack stack_;
  std::set<std::string> started_;              // By us.
  std::map<std::string, int64_t> log_begins_;  // Sizes of the logs before we did.
};

}  // namespace

std::string DefaultStackFolder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') return absl::StrCat(state, "/boardloop/local");
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr ? home : ".", "/.local/state/boardloop/local");
}

absl::StatusOr<std::optional<Stack>> FindStack(const std::string& folder) {
  const absl::StatusOr<std::string> text = ReadFile(StackFile(folder), kMaxStackFile);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  if (!text.ok()) return text.status();
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (IntegerIn(json, "version") != 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is not of this release: end its programs and remove it", StackFile(folder)));
  }
  Stack stack;
  const auto address = json.find("address");
  if (address != json.end() && address->is_string()) stack.address = *address;
  stack.config = ConfigFromJson(ObjectIn(json, "started_with"));
  const nlohmann::json programs = ObjectIn(json, "programs");
  bool any = false;
  for (const char* name : kPrograms) {
    const nlohmann::json program = ObjectIn(programs, name);
    const Daemon daemon{static_cast<pid_t>(IntegerIn(program, "pid")),
                        IntegerIn(program, "start_ticks")};
    if (!IsRunning(daemon)) continue;
    stack.programs[name] = daemon;
    any = true;
  }
  if (!any) return std::nullopt;
  return stack;
}

absl::StatusOr<Stack> StartStack(const StackOptions& options) { return Starter(options).Run(); }

absl::Status StopStack(const std::string& folder,
                       const std::function<void(const std::string& line)>& progress) {
  const auto say = [&](const std::string& line) {
    if (progress) progress(line);
  };
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    say(absl::StrFormat("nothing runs in %s: there is no such folder", folder));
    return absl::OkStatus();
  }
  BL_ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Take(folder, "down", kOthers, progress));
  BL_ASSIGN_OR_RETURN(const std::optional<Stack> stack, FindStack(folder));
  if (!stack.has_value()) {
    say(absl::StrFormat("nothing runs in %s", folder));
    return absl::OkStatus();
  }
  for (const char* name : kPrograms) {
    const auto program = stack->programs.find(name);
    if (program == stack->programs.end()) continue;
    say(absl::StrCat("ending the ", name));
    BL_RETURN_IF_ERROR(StopDaemon(program->second, kPatience));
  }
  fs::remove(StackFile(folder), ignored);
  return absl::OkStatus();
}

}  // namespace boardloop
