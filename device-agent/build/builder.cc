#include "device-agent/build/builder.h"

#include <set>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "device-agent/build/build_cache.h"
#include "device-agent/build/image_builder.h"
#include "device-agent/build/resident_image.h"
#include "firmware/codegen/kernel_catalog.h"

namespace boardloop {
namespace {

// Enough for every network of the spaces; a candidate's steps beyond are not timed one by one.
constexpr int kResidentSteps = 512;

// Blocks of the random constants: the rest of the flash, down to a multiple of this.
constexpr int64_t kBlobGranularity = 1024;
constexpr uint64_t kBlobSeed = 1;

// Enough for 1000 classes.
constexpr int kRealChannels = 1024;

void AppendLittleEndian(uint64_t value, int bytes, std::string& to) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

std::string RandomBytes(int64_t count) {
  Random random(kBlobSeed);
  std::string bytes;
  bytes.reserve(static_cast<size_t>(count) + 8);
  while (static_cast<int64_t>(bytes.size()) < count) AppendLittleEndian(random.Next(), 8, bytes);
  bytes.resize(static_cast<size_t>(count));
  return bytes;
}

// bl_real_channel[kRealChannels] for all fully connected layers: no bias, and multipliers between
// 2^-10 and 2^-9, which take the way through bl_real_scale that those of real networks take. Random
// bytes are doubles beyond all measure: they would take the long one.
std::string RealChannels() {
  constexpr uint64_t kExponent = 1023 - 10;  // Of IEEE 754, biased.
  Random random(kBlobSeed);
  std::string bytes;
  for (int c = 0; c < kRealChannels; ++c) {
    AppendLittleEndian(0, 4, bytes);
    AppendLittleEndian(kExponent << 52 | random.Next() >> 12, 8, bytes);
  }
  return bytes;
}

// The blob between its symbols, and the real channels.
std::vector<GeneratedFile> ResidentFiles(int64_t blob_bytes) {
  const std::string assembly = absl::StrFormat(
      "/* Generated: constants that candidates use in place of their own. */\n"
      "  .section .rodata.%1$s, \"a\"\n"
      "  .balign 16\n"
      "  .global %1$s, %2$s, %3$s, %4$s\n"
      "%1$s:\n"
      "  .incbin \"constants.bin\"\n"
      "%2$s:\n"
      "%3$s:\n"
      "  .incbin \"real_channels.bin\"\n"
      "%4$s:\n",
      kResidentConstantsBegin, kResidentConstantsEnd, kResidentRealChannelsBegin,
      kResidentRealChannelsEnd);
  return {{"constants.bin", RandomBytes(blob_bytes)},
          {"real_channels.bin", RealChannels()},
          {"resident.S", assembly}};
}

ImageInputs ResidentInputs(int64_t blob_bytes) {
  ImageInputs inputs;
  inputs.kernels = KernelCatalog();
  inputs.engine_sources = EngineSources();
  inputs.files = ResidentFiles(blob_bytes);
  inputs.step_capacity = kResidentSteps;
  inputs.keep = {"bl_run_stages", kResidentConstantsBegin, kResidentTable};
  std::set<std::string> kernels;
  for (const KernelObject& object : inputs.kernels) {
    kernels.insert(object.kernels.begin(), object.kernels.end());
  }
  inputs.keep.insert(inputs.keep.end(), kernels.begin(), kernels.end());
  return inputs;
}

}  // namespace

Builder::Builder(Toolchain toolchain, Options options)
    : toolchain_(std::move(toolchain)), options_(std::move(options)) {}

absl::StatusOr<FirmwareImage> Builder::BuildImage(const BoardType& board,
                                                  const EngineProgram& program) const {
  BL_ASSIGN_OR_RETURN(const BuildCache cache, BuildCache::Open(options_.cache_folder));
  ImageInputs inputs;
  BL_ASSIGN_OR_RETURN(inputs.kernels, ObjectsFor(program.Kernels()));
  inputs.engine_sources = EngineSources();
  const EmitOptions options;
  GeneratedSources sources = EmitC(program, options);
  const std::string& name = options.prefix;
  inputs.network = name;
  inputs.files = {{name + ".h", std::move(sources.header)},
                  {name + ".c", std::move(sources.source)},
                  {name + "_constants.bin", std::move(sources.constants)},
                  {name + "_constants.S", std::move(sources.constants_assembly)}};
  inputs.arena_bytes = program.region_bytes;
  inputs.weight_bytes = program.weight_bytes;
  inputs.step_capacity = static_cast<int>(program.steps.size());
  ImageBuilder builder(toolchain_, cache, options_.source_folder, options_.jobs);
  return builder.Build(board, inputs);
}

absl::StatusOr<FirmwareImage> Builder::BuildResident(const BoardType& board) const {
  BL_ASSIGN_OR_RETURN(const BuildCache cache, BuildCache::Open(options_.cache_folder));
  ImageBuilder builder(toolchain_, cache, options_.source_folder, options_.jobs);
  // Linked once to see what the program takes, and again with what is left filled.
  BL_ASSIGN_OR_RETURN(FirmwareImage small, builder.Build(board, ResidentInputs(kBlobGranularity)));
  const int64_t left = board.FlashBytes() - small.size.flash + kBlobGranularity;
  return builder.Build(board, ResidentInputs(left / kBlobGranularity * kBlobGranularity));
}

}  // namespace boardloop
