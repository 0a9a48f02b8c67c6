#include "tests/cli/run_program.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "cli/output.h"
#include "core/base/files.h"
#include "core/base/process.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

ProgramRun Run(const std::vector<std::string>& argv) {
  PrepareStandardStreams();  // RunProcess needs SIGPIPE ignored.
  ProcessLimits limits;
  limits.deadline = absl::Minutes(5);  // Sanitizers on a busy machine are slow.
  absl::StatusOr<ProcessOutput> output = RunProcess(argv, "", limits);
  EXPECT_THAT(output, IsOk());
  if (!output.ok()) return ProgramRun();
  return {output->exit_code, std::move(output->out), std::move(output->err)};
}

}  // namespace

ProgramRun RunBoardloop(const std::vector<std::string>& args) {
  std::vector<std::string> argv = {BOARDLOOP_PROGRAM};
  argv.insert(argv.end(), args.begin(), args.end());
  return Run(argv);
}

ProgramRun RunBoardloopIn(const std::string& script, const std::vector<std::string>& args) {
  std::vector<std::string> argv = {"/bin/sh", "-c", script, BOARDLOOP_PROGRAM};
  argv.insert(argv.end(), args.begin(), args.end());
  return Run(argv);
}

TemporaryFolder::TemporaryFolder() : path_(testing::TempDir() + "/boardloop_cli_test.XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::Write(const std::string& name, const std::string& content) const {
  std::string path = path_ + "/" + name;
  EXPECT_THAT(WriteFileAtomically(path, content), IsOk());
  return path;
}

testing::AssertionResult IsRefused(const ProgramRun& run, const std::string& code,
                                   const std::string& detail) {
  const bool one_line = std::count(run.err.begin(), run.err.end(), '\n') == 1;
  if (run.exit_code == 2 && run.out.empty() && one_line &&
      run.err.rfind("boardloop: " + code + ": ", 0) == 0 &&
      run.err.find(detail) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure()
         << "exit code " << run.exit_code << ", out \"" << run.out << "\", err \"" << run.err
         << "\"; wanted exit code 2 and one line of " << code << " with \"" << detail << "\"";
}

}  // namespace boardloop
