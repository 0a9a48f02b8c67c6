#include "tests/integration/process_tree.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/numbers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

struct Process {
  std::string name;
  pid_t parent = 0;
  bool ended = false;  // And not waited for yet.
};

// /proc/PID/stat is "PID (NAME) STATE PARENT ..."; the name may hold anything.
bool ReadProcess(const fs::path& folder, Process& process) {
  std::ostringstream read;
  read << std::ifstream(folder / "stat").rdbuf();
  const std::string text = read.str();
  const size_t begin = text.find('('), end = text.rfind(')');
  if (begin == std::string::npos || end == std::string::npos) return false;
  process.name = text.substr(begin + 1, end - begin - 1);
  std::istringstream rest(text.substr(end + 1));
  std::string state;
  rest >> state >> process.parent;
  process.ended = state == "Z" || state == "X";
  return !rest.fail();
}

// The process ends while we look: it is left out.
std::map<pid_t, Process> AllProcesses() {
  std::map<pid_t, Process> all;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", ignored)) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    Process process;
    if (ReadProcess(entry.path(), process)) all[pid] = process;
  }
  return all;
}

}  // namespace

pid_t FindDescendant(pid_t root, const std::string& name) {
  const std::map<pid_t, Process> all = AllProcesses();
  for (const auto& [pid, process] : all) {
    if (process.name != name || process.ended) continue;
    auto up = all.find(process.parent);
    while (up != all.end() && up->first != root) up = all.find(up->second.parent);
    if (up != all.end()) return pid;
  }
  return -1;
}

bool ProcessRuns(pid_t pid) {
  Process process;
  return ReadProcess(fs::path("/proc") / std::to_string(pid), process) && !process.ended;
}

}  // namespace boardloop
