#include "tests/firmware/engine/arm_runner.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/process.h"
#include "core/base/status.h"
#include "firmware/engine/engine.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

constexpr char kCompiler[] = "arm-none-eabi-gcc";
constexpr char kQemu[] = "qemu-system-arm";

// As case_main.c.
constexpr uint32_t kRunMagic = 0x4b524e31;
constexpr size_t kMaxCalls = 16;
constexpr size_t kMaxMemoryBytes = 0x100000;
constexpr size_t kMaxDataBytes = 0x80000;  // Of all calls of a run.

absl::Status RunTool(const std::vector<std::string>& argv) {
  BL_ASSIGN_OR_RETURN(const ProcessOutput output,
                      RunProcess(argv, "", {.deadline = absl::Minutes(2)}));
  if (output.exit_code == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s\n%s", absl::StrJoin(argv, " "), output.err));
}

class WordWriter {
 public:
  void Word(int64_t value) {
    const auto word = static_cast<uint32_t>(value);
    for (int i = 0; i < 4; ++i) bytes_.push_back(static_cast<char>(word >> 8 * i));
  }
  void Bytes(const std::vector<uint8_t>& values) {
    bytes_.append(values.begin(), values.end());
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

void CheckSizes(const KernelRun& run) {
  size_t data = 0;
  for (const PreparedCall& call : run.calls) {
    data += (call.data.size() + 3) / 4 * 4;
    CHECK_LE(call.params.size() * 4, static_cast<size_t>(BL_MAX_PARAMS_BYTES)) << run.label;
  }
  CHECK_LE(run.calls.size(), kMaxCalls) << run.label;
  CHECK_LE(run.memory.size(), kMaxMemoryBytes) << run.label;
  CHECK_LE(data, kMaxDataBytes) << run.label;
}

void WriteRun(const KernelRun& run, const std::vector<std::string>& kernels, WordWriter& out) {
  CheckSizes(run);
  out.Word(kRunMagic);
  out.Word(static_cast<int64_t>(run.calls.size()));
  out.Word(static_cast<int64_t>(run.memory.size()));
  out.Word(run.scratch_begin);
  out.Word(run.scratch_end);
  for (const PreparedCall& call : run.calls) {
    const auto kernel = std::find(kernels.begin(), kernels.end(), call.kernel);
    CHECK(kernel != kernels.end()) << call.kernel << " is not in the program";
    out.Word(kernel - kernels.begin());
    out.Word(static_cast<int64_t>(call.params.size()));
    out.Word(static_cast<int64_t>(call.data.size()));
    for (const ParamWord& word : call.params) {
      out.Word(static_cast<int64_t>(word.kind));
      out.Word(word.value);
    }
    out.Bytes(call.data);
  }
  out.Bytes(run.memory);
  out.Bytes(run.expected);
}

std::string KernelTable(const std::vector<std::string>& kernels) {
  std::string text = "#include \"firmware/engine/engine.h\"\n";
  for (const std::string& kernel : kernels) text += "void " + kernel + "(const void* params);\n";
  text += "const bl_kernel bl_case_kernels[] = {";
  text += absl::StrJoin(kernels, ", ");
  return text + "};\n";
}

// A line of the program.
struct Report {
  char what = 0;   // W, F, T or D; case_main.c says what they mean.
  size_t run = 0;  // D: how many.
  uint32_t place = 0, found = 0, wanted = 0;
};

// INTERNAL  not what the program prints for `runs` runs
absl::StatusOr<std::vector<Report>> ParseReports(const std::string& text, size_t runs) {
  std::vector<Report> reports;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    std::istringstream words{std::string(line)};
    Report report;
    words >> report.what >> report.run;
    const bool end = report.what == 'D' && report.run == runs;
    const bool failure =
        std::string_view("WFT").find(report.what) != std::string_view::npos && report.run < runs;
    if (!words || (!end && !failure)) {
      return absl::InternalError("the test program printed: " + text);
    }
    words >> report.place >> report.found >> report.wanted;
    reports.push_back(report);
  }
  if (reports.empty() || reports.back().what == 'W') {
    return absl::InternalError("the test program ended early: " + text);
  }
  return reports;
}

std::string Describe(const Report& report) {
  if (report.what == 'F') return absl::StrFormat("fault at pc 0x%x", report.place);
  if (report.what == 'T') return "does not end";
  return absl::StrFormat("byte %d is %d, must be %d", report.place,
                         static_cast<int8_t>(report.found), static_cast<int8_t>(report.wanted));
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "bl-kernels-XXXXXX").string();
  PCHECK(mkdtemp(pattern.data()) != nullptr) << pattern;
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

bool ArmRunner::IsAvailable() {
  return RunTool({kCompiler, "--version"}).ok() && RunTool({kQemu, "--version"}).ok();
}

absl::StatusOr<ArmRunner> ArmRunner::Create(const std::vector<KernelObject>& objects,
                                            const Options& options) {
  ScratchFolder folder;
  const std::string base = folder.path() + "/";
  const std::string root_include = "-I" BL_SOURCE_ROOT;
  std::vector<std::string> common = {kCompiler,    "-mcpu=" + options.cpu,
                                     "-mthumb",    "-std=c11",
                                     "-Wall",      "-Wextra",
                                     "-Werror",    "-g",
                                     root_include, "-ffunction-sections"};
  common.insert(common.end(), options.flags.begin(), options.flags.end());
  std::vector<std::string> kernels, link = common;
  const auto compile = [&](const std::string& source, const std::vector<std::string>& defines,
                           const std::string& object) {
    std::vector<std::string> argv = common;
    for (const std::string& define : defines) argv.push_back("-D" + define);
    argv.insert(argv.end(), {"-c", source, "-o", base + object});
    link.push_back(base + object);
    return RunTool(argv);
  };
  for (const KernelObject& object : objects) {
    kernels.insert(kernels.end(), object.kernels.begin(), object.kernels.end());
    BL_RETURN_IF_ERROR(compile(std::string(BL_SOURCE_ROOT "/") + object.source, object.defines,
                               object.name + ".o"));
  }
  BL_RETURN_IF_ERROR(WriteFileAtomically(base + "kernels.c", KernelTable(kernels)));
  BL_RETURN_IF_ERROR(compile(base + "kernels.c", {}, "case_kernels.o"));
  BL_RETURN_IF_ERROR(compile(std::string(BL_SOURCE_ROOT "/") + "tests/firmware/engine/case_main.c",
                             {}, "case_main.o"));
  const std::string script = BL_SOURCE_ROOT "/tests/firmware/engine/case.ld";
  link.insert(link.end(), {"-nostartfiles", "-T", script, "-o", base + "cases.elf"});
  BL_RETURN_IF_ERROR(RunTool(link));
  return ArmRunner(options, std::move(kernels), std::move(folder));
}

// What the program prints for runs[first ...].
absl::StatusOr<std::string> ArmRunner::RunFrom(const std::vector<KernelRun>& runs,
                                               size_t first) const {
  WordWriter file;
  file.Word(options_.hang_ticks);
  for (size_t i = first; i < runs.size(); ++i) WriteRun(runs[i], kernels_, file);
  file.Word(0);
  BL_RETURN_IF_ERROR(WriteFileAtomically(folder_.path() + "/cases.bin", file.bytes()));
  BL_ASSIGN_OR_RETURN(
      const ProcessOutput output,
      RunProcess({kQemu, "-M", options_.machine, "-display", "none", "-monitor", "none", "-serial",
                  "none", "-semihosting-config", "enable=on,target=native", "-kernel", "cases.elf"},
                 "", {.deadline = options_.deadline}, {.working_folder = folder_.path()}));
  return output.out + output.err;
}

absl::StatusOr<std::vector<ArmRunner::Failure>> ArmRunner::Run(
    const std::vector<KernelRun>& runs) const {
  std::vector<Failure> failures;
  size_t first = 0;
  while (first < runs.size() && failures.size() < kMaxFailures) {
    BL_ASSIGN_OR_RETURN(const std::string text, RunFrom(runs, first));
    BL_ASSIGN_OR_RETURN(const std::vector<Report> reports, ParseReports(text, runs.size() - first));
    size_t executed = runs.size() - first;
    for (const Report& report : reports) {
      if (report.what == 'D') continue;
      const size_t run = first + report.run;
      failures.push_back({run, runs[run].label + ": " + Describe(report)});
      if (report.what != 'W') executed = report.run + 1;
    }
    first += executed;
  }
  return failures;
}

}  // namespace boardloop
