#include "device-agent/build/image_builder.h"

#include <chrono>
#include <functional>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/parallel.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "device-agent/build/compiler.h"
#include "device-agent/build/elf_file.h"
#include "device-agent/build/image_source.h"
#include "device-agent/build/linker_script.h"
#include "device-agent/build/memory_layout.h"
#include "device-agent/build/mpu_regions.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxElfBytes = int64_t{64} << 20;
constexpr char kScriptName[] = "image.ld";

// The runner's parts (firmware/runner), in no particular order.
constexpr const char* kRunnerSources[] = {
    "firmware/runner/cache.c",
    "firmware/runner/crc32.c",
    "firmware/runner/faults.c",
    "firmware/runner/mailbox_access.c",
    "firmware/runner/memory_protection.c",
    "firmware/runner/request_loop.c",
    "firmware/runner/run.c",
    "firmware/runner/stack.c",
    "firmware/runner/startup.c",
    "firmware/runner/timing.c",
};

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::vector<std::string> FlagsWith(const std::vector<std::string>& target, const char* optimize,
                                   const std::vector<std::string>& defines) {
  std::vector<std::string> flags = target;
  for (const std::string& flag : CommonFlags()) flags.push_back(flag);
  flags.emplace_back(optimize);
  for (const std::string& define : defines) flags.push_back(absl::StrCat("-D", define));
  return flags;
}

bool IsCompiled(const std::string& name) {
  return absl::EndsWith(name, ".c") || absl::EndsWith(name, ".S");
}

// Of the files that RunProcess' children and we write; a full disk is nobody's fault but the
// machine's.
absl::Status WriteScratch(const std::string& path, const std::string& content) {
  const absl::Status status = WriteFileAtomically(path, content);
  return status.ok() ? status : absl::UnavailableError(std::string(status.message()));
}

absl::StatusOr<FirmwareImage> ImageOf(std::string elf, int64_t weight_bytes,
                                      const std::vector<std::string>& flags) {
  BL_ASSIGN_OR_RETURN(ElfContents contents, ReadElf(elf));
  FirmwareImage image;
  image.compiler_flags = absl::StrJoin(flags, " ");
  image.digest = Sha256Hex(elf);
  image.elf = std::move(elf);
  image.size = SizeOf(contents, weight_bytes);
  image.symbols = std::move(contents.symbols);
  return image;
}

}  // namespace

ImageBuilder::ImageBuilder(const Toolchain& toolchain, const BuildCache& cache,
                           std::string source_folder, int jobs)
    : toolchain_(toolchain),
      cache_(cache),
      source_folder_(std::move(source_folder)),
      jobs_(jobs > 0 ? jobs : DefaultThreads()),
      digests_(source_folder_) {}

absl::StatusOr<std::vector<ImageBuilder::Unit>> ImageBuilder::Units(
    const BoardType& board, const ImageInputs& inputs, const std::vector<std::string>& target) {
  std::vector<Unit> units;
  const auto add = [&](const std::string& source, const char* optimize,
                       const std::vector<std::string>& defines) {
    units.push_back({source, FlagsWith(target, optimize, defines), "", ""});
  };
  for (const char* source : kRunnerSources) add(source, kSmall, {});
  add(absl::StrCat("firmware/boards/", board.support->firmware, "/board.c"), kSmall, {});
  for (const std::string& source : inputs.engine_sources) add(source, kFast, {});
  for (const KernelObject& kernel : inputs.kernels) add(kernel.source, kFast, kernel.defines);

  for (Unit& unit : units) {
    BL_ASSIGN_OR_RETURN(unit.digest, digests_.Of(unit.source));
    Sha256Builder key;
    key.Add(toolchain_.prefix).Add(toolchain_.version).Add(unit.source).Add(unit.digest);
    for (const std::string& flag : unit.flags) key.Add(flag);
    unit.key = key.Hex();
  }
  return units;
}

// Everything that can change a byte of the image.
absl::Status ImageBuilder::Key(const Job& job, const ImageInputs& inputs, std::string* key) {
  Sha256Builder builder;
  builder.Add(toolchain_.prefix).Add(toolchain_.version).Add(job.script);
  for (const Unit& unit : job.units) builder.Add(unit.key);
  for (const std::string& flag : job.generated_flags) builder.Add(flag);
  for (const GeneratedFile& file : job.files) {
    builder.Add(file.name);
    if (!IsCompiled(file.name)) {
      builder.Add(file.content);
      continue;
    }
    BL_ASSIGN_OR_RETURN(const std::string digest, digests_.OfText(file.content));
    builder.Add(digest);
  }
  for (const std::string& symbol : inputs.keep) builder.Add(symbol);
  *key = builder.Hex();
  return absl::OkStatus();
}

absl::StatusOr<ImageBuilder::Job> ImageBuilder::MakeJob(const BoardType& board,
                                                        const ImageInputs& inputs) {
  if (!board.support.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("board type %s has no firmware: its file has no `support`", board.name));
  }
  BL_ASSIGN_OR_RETURN(const MemoryLayout layout, LayOutMemory(board, inputs.arena_bytes));
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> target, TargetFlags(board));
  ImageFacts facts;
  facts.network = inputs.network;
  facts.step_capacity = inputs.step_capacity;
  facts.free_ranges = FreeRangeCount(layout);
  BL_ASSIGN_OR_RETURN(facts.regions, MpuRegionsOf(board, layout.flash));

  Job job;
  BL_ASSIGN_OR_RETURN(job.units, Units(board, inputs, target));
  job.generated_flags = FlagsWith(target, kFast, {});
  job.files = inputs.files;
  job.files.push_back({"image.c", ImageSource(board, facts)});
  job.script = LinkerScript(layout);
  BL_RETURN_IF_ERROR(Key(job, inputs, &job.key));
  return job;
}

absl::Status ImageBuilder::WriteFiles(const Job& job, const ScratchFolder& scratch) const {
  BL_RETURN_IF_ERROR(WriteScratch(scratch.Path(kScriptName), job.script));
  for (const GeneratedFile& file : job.files) {
    BL_RETURN_IF_ERROR(WriteScratch(scratch.Path(file.name), file.content));
  }
  return absl::OkStatus();
}

absl::Status ImageBuilder::CompileUnit(const Unit& unit, const std::string& object) const {
  BL_RETURN_IF_ERROR(
      Compile(toolchain_, {unit.source, source_folder_, source_folder_, unit.flags, object}));
  // Who edits sources during a build must not find the old key on the new object.
  BL_ASSIGN_OR_RETURN(const std::string digest, SourceDigests(source_folder_).Of(unit.source));
  if (digest != unit.digest) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s, or what it includes, changed during its compilation", unit.source));
  }
  return cache_.AddObject(unit.key, object);
}

// Returns the paths of all objects, in a fixed order.
absl::StatusOr<std::vector<std::string>> ImageBuilder::CompileAll(
    const Job& job, const ScratchFolder& scratch) const {
  std::vector<std::string> objects;
  std::vector<std::function<absl::Status()>> tasks;
  // Generated files first: they take longest.
  for (const GeneratedFile& file : job.files) {
    if (!IsCompiled(file.name)) continue;
    const std::string object = scratch.Path(absl::StrCat(file.name, ".o"));
    objects.push_back(object);
    tasks.push_back([this, &job, &file, &scratch, object] {
      return Compile(toolchain_,
                     {file.name, scratch.path(), source_folder_, job.generated_flags, object});
    });
  }
  for (const Unit& unit : job.units) {
    objects.push_back(cache_.ObjectPath(unit.key));
    if (cache_.HasObject(unit.key)) continue;
    const std::string object = scratch.Path(absl::StrCat(tasks.size(), ".o"));
    tasks.push_back([this, &unit, object] { return CompileUnit(unit, object); });
  }
  std::vector<absl::Status> statuses(tasks.size());
  ParallelFor(static_cast<int64_t>(tasks.size()), jobs_,
              [&](int64_t i) { statuses[i] = tasks[i](); });
  for (const absl::Status& status : statuses) BL_RETURN_IF_ERROR(status);
  return objects;
}

absl::StatusOr<FirmwareImage> ImageBuilder::Build(const BoardType& board,
                                                  const ImageInputs& inputs) {
  BL_ASSIGN_OR_RETURN(const Job job, MakeJob(board, inputs));
  if (std::optional<std::string> elf = cache_.FindImage(job.key)) {
    BL_ASSIGN_OR_RETURN(FirmwareImage image,
                        ImageOf(*std::move(elf), inputs.weight_bytes, job.generated_flags));
    image.from_cache = true;
    return image;
  }
  BL_ASSIGN_OR_RETURN(const ScratchFolder scratch, cache_.MakeScratch());
  const Stopwatch compiling;
  BL_RETURN_IF_ERROR(WriteFiles(job, scratch));
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> objects, CompileAll(job, scratch));
  const double compile_seconds = compiling.Seconds();

  const Stopwatch linking;
  const std::string path = scratch.Path("image.elf");
  BL_RETURN_IF_ERROR(Link(toolchain_, board,
                          {objects, scratch.Path(kScriptName), job.generated_flags, inputs.keep,
                           scratch.path(), path}));
  BL_ASSIGN_OR_RETURN(std::string elf, ReadFile(path, kMaxElfBytes));
  BL_RETURN_IF_ERROR(cache_.AddImage(job.key, elf));
  BL_ASSIGN_OR_RETURN(FirmwareImage image,
                      ImageOf(std::move(elf), inputs.weight_bytes, job.generated_flags));
  image.compile_seconds = compile_seconds;
  image.link_seconds = linking.Seconds();
  return image;
}

}  // namespace boardloop
