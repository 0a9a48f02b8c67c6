#include "tests/device-agent/measure/agent_program.h"

#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/graph/build_subnet.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "core/tflite/tflite.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

// Empty where it cannot be read: files of /proc vanish with their process, also between open() and
// read(). The operator, unlike an iterator over the buffer, does not throw then.
std::string Content(const fs::path& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

// "Z" is a process that has ended and whose parent has not yet asked how.
bool IsZombie(const fs::path& process) {
  const std::string stat = Content(process / "stat");
  const size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || stat.compare(name_end, 3, ") Z") == 0;
}

}  // namespace

AgentProgramTest::AgentProgramTest() {
  signal(SIGPIPE, SIG_IGN);
  std::string pattern = testing::TempDir() + "boardloop-agent-XXXXXX";
  folder_ = mkdtemp(pattern.data());
}

AgentProgramTest::~AgentProgramTest() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<std::string> AgentProgramTest::CommandLine(std::vector<std::string> args) const {
  args.insert(args.begin(), BOARDLOOP_AGENT);
  args.insert(args.end(), {"--state", folder_ + "/state"});
  // Compiled kernels are shared by all tests: compiling them is not what is tested here.
  args.insert(args.end(), {"--cache", testing::TempDir() + "boardloop-agent-test-cache"});
  return args;
}

AgentRun AgentProgramTest::Run(std::vector<std::string> args,
                               const std::vector<std::string>& environment) {
  std::vector<std::string> argv = CommandLine(std::move(args));
  if (!environment.empty()) {
    argv.insert(argv.begin(), environment.begin(), environment.end());
    argv.insert(argv.begin(), "/usr/bin/env");
  }
  absl::StatusOr<ProcessOutput> output = RunProcess(argv, "", {.deadline = absl::Minutes(5)});
  EXPECT_THAT(output, IsOk());
  if (!output.ok()) return {};
  return {output->exit_code, output->out, output->err};
}

std::string AgentProgramTest::SmallModel() {
  const Space space = SpacePreset("mbv2-imagenet").value();
  const Graph graph = BuildSubnet(space, SmallestSubnet(space, 0.2, 48)).value();
  return Write("small.tflite", ExportTflite(RandomModel(graph, 3)).value());
}

std::string AgentProgramTest::Write(const std::string& name, const std::string& content) const {
  std::string path = folder_ + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::vector<std::string> AgentProgramTest::Leftovers() const {
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    std::string command = Content(entry.path() / "cmdline");
    std::replace(command.begin(), command.end(), '\0', ' ');
    std::error_code error;
    const std::string in = fs::read_symlink(entry.path() / "cwd", error).string();
    const bool ours = command.find(folder_) != std::string::npos || in.find(folder_) == 0;
    if (ours && !IsZombie(entry.path())) found.push_back(command);
  }
  return found;
}

}  // namespace boardloop
