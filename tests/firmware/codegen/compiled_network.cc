#include "tests/firmware/codegen/compiled_network.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/process.h"
#include "core/base/status.h"
#include "firmware/codegen/kernel_catalog.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

// Reads the input from standard input, runs once, writes the output.
constexpr char kMain[] = R"(
#include <stdio.h>
#include <string.h>
#include "%1$s.h"

static int8_t image[%2$s_INPUT_BYTES];

static void read_input(void* context, int32_t row, int32_t column, int32_t rows, int32_t columns,
                       int8_t* destination) {
  const int32_t channels = %1$s.input_channels;
  (void)context;
  for (int32_t y = row; y < row + rows; ++y) {
    memcpy(destination, image + (y * %1$s.input_width + column) * channels,
           (size_t)(columns * channels));
    destination += columns * channels;
  }
}

int main(void) {
  const bl_hooks hooks = {.read_input = read_input};
  if (fread(image, 1, sizeof(image), stdin) != sizeof(image)) return 1;
  if (%1$s.input != NULL) memcpy(%1$s.input, image, sizeof(image));
  %1$s.run(&%1$s, &hooks);
  return fwrite(%1$s.output, 1, %2$s_OUTPUT_BYTES, stdout) != %2$s_OUTPUT_BYTES;
}
)";

const std::string& SourceFolder() {
  static const auto* folder = new std::string(std::filesystem::current_path().string());
  return *folder;
}

std::vector<std::string> Compiler() {
  return {"cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-I" + SourceFolder()};
}

// The portable kernels as the catalog says, compiled once.
absl::StatusOr<std::string> EngineArchive() {
  static const auto* archive = [] {
    static const auto* folder = new TestFolder;  // Deleted below, when the program ends.
    std::atexit([] { std::filesystem::remove_all(folder->path()); });
    auto* result = new absl::StatusOr<std::string>(folder->File("libengine.a"));
    std::vector<std::string> archive_argv = {"ar", "rcs", **result};
    std::vector<KernelObject> objects = PortableKernelObjects();
    for (const std::string& source : EngineSources()) objects.push_back({source, source, {}, {}});
    for (size_t i = 0; i < objects.size(); ++i) {
      std::vector<std::string> argv = Compiler();
      for (const std::string& define : objects[i].defines) argv.push_back("-D" + define);
      const std::string object = absl::StrFormat("object%d.o", i);
      argv.insert(argv.end(), {"-c", SourceFolder() + "/" + objects[i].source, "-o", object});
      absl::StatusOr<std::string> compiled = RunIn(folder->path(), argv);
      if (!compiled.ok()) *result = compiled.status();
      archive_argv.push_back(object);
    }
    absl::StatusOr<std::string> archived = RunIn(folder->path(), archive_argv);
    if (result->ok() && !archived.ok()) *result = archived.status();
    return result;
  }();
  return *archive;
}

}  // namespace

TestFolder::TestFolder() {
  path_ = (std::filesystem::temp_directory_path() / "boardloop-test-XXXXXX").string();
  PCHECK(mkdtemp(path_.data()) != nullptr) << path_;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

absl::StatusOr<std::string> RunIn(const std::string& folder, const std::vector<std::string>& argv,
                                  const std::string& input) {
  std::signal(SIGPIPE, SIG_IGN);
  ProcessLimits limits;
  limits.deadline = absl::Minutes(2);
  ProcessOptions options;
  options.working_folder = folder;
  BL_ASSIGN_OR_RETURN(const ProcessOutput output, RunProcess(argv, input, limits, options));
  if (output.exit_code != 0) {
    return absl::InternalError(absl::StrFormat("%s ended with %d: %s%s", argv[0], output.exit_code,
                                               output.out, output.err));
  }
  return output.out;
}

absl::StatusOr<std::unique_ptr<CompiledNetwork>> CompiledNetwork::Build(
    const EngineProgram& program, const EmitOptions& options) {
  BL_ASSIGN_OR_RETURN(const std::string engine, EngineArchive());
  auto network = std::make_unique<CompiledNetwork>();
  const TestFolder& folder = network->folder_;
  const GeneratedSources sources = EmitC(program, options);
  const std::string& prefix = options.prefix;
  std::string upper = prefix;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  BL_RETURN_IF_ERROR(WriteFileAtomically(folder.File(prefix + ".h"), sources.header));
  BL_RETURN_IF_ERROR(WriteFileAtomically(folder.File(prefix + ".c"), sources.source));
  BL_RETURN_IF_ERROR(
      WriteFileAtomically(folder.File(prefix + "_constants.bin"), sources.constants));
  BL_RETURN_IF_ERROR(
      WriteFileAtomically(folder.File(prefix + "_constants.S"), sources.constants_assembly));
  BL_RETURN_IF_ERROR(
      WriteFileAtomically(folder.File("main.c"), absl::StrFormat(kMain, prefix, upper)));
  std::vector<std::string> argv = Compiler();
  argv.insert(argv.end(), {"main.c", prefix + ".c", prefix + "_constants.S", engine, "-o", "run"});
  BL_RETURN_IF_ERROR(RunIn(folder.path(), argv).status());
  return network;
}

absl::StatusOr<std::vector<int8_t>> CompiledNetwork::Run(absl::Span<const int8_t> input) const {
  const std::string bytes(reinterpret_cast<const char*>(input.data()), input.size());
  BL_ASSIGN_OR_RETURN(const std::string output,
                      RunIn(folder_.path(), {folder_.File("run")}, bytes));
  return std::vector<int8_t>(output.begin(), output.end());
}

absl::StatusOr<int64_t> CompiledNetwork::SymbolBytes(const std::string& symbol) const {
  BL_ASSIGN_OR_RETURN(const std::string text, RunIn(folder_.path(), {"nm", "-S", "run"}));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string address, size, type, name;
    words >> address >> size >> type >> name;
    if (name == symbol) return std::stoll(size, nullptr, 16);
  }
  return absl::NotFoundError("no symbol " + symbol);
}

}  // namespace boardloop
