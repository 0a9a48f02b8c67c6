// From generated sources and kernel objects to a linked image, through the cache: what Builder does
// when it knows what to build.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/build/build_cache.h"
#include "device-agent/build/builder.h"
#include "device-agent/build/source_digest.h"
#include "device-agent/build/toolchain.h"
#include "firmware/codegen/kernel_catalog.h"

namespace boardloop {

// A source made for one image. Its compiled object is not cached, only the image is.
struct GeneratedFile {
  std::string
      name;  // In the scratch folder: "network.c". Files other than .c and .S are not compiled.
  std::string content;
};

struct ImageInputs {
  std::string network;  // Symbol of the bl_network; empty in a resident image.
  std::vector<GeneratedFile> files;
  std::vector<KernelObject> kernels;
  std::vector<std::string> engine_sources;  // "firmware/engine/stage.c"
  std::vector<int64_t> arena_bytes;         // By region.
  int64_t weight_bytes = 0;
  int step_capacity = 0;
  std::vector<std::string> keep;  // Symbols that stay though nothing refers to them.
};

class ImageBuilder {
 public:
  // `toolchain` and `cache` are not owned.
  ImageBuilder(const Toolchain& toolchain, const BuildCache& cache, std::string source_folder,
               int jobs);

  // The image of `inputs`, from the cache if it is there. Errors as Builder::BuildImage().
  absl::StatusOr<FirmwareImage> Build(const BoardType& board, const ImageInputs& inputs);

 private:
  // A source of the tree, compiled once for all images.
  struct Unit {
    std::string source;
    std::vector<std::string> flags;
    std::string digest;  // Of the source and what it includes.
    std::string key;
  };
  // What one build is made from.
  struct Job {
    std::vector<Unit> units;
    std::vector<GeneratedFile> files;
    std::vector<std::string> generated_flags;
    std::string script;
    std::string key;
  };

  absl::StatusOr<Job> MakeJob(const BoardType& board, const ImageInputs& inputs);
  absl::StatusOr<std::vector<Unit>> Units(const BoardType& board, const ImageInputs& inputs,
                                          const std::vector<std::string>& target);
  absl::Status Key(const Job& job, const ImageInputs& inputs, std::string* key);
  absl::Status WriteFiles(const Job& job, const ScratchFolder& scratch) const;
  absl::StatusOr<std::vector<std::string>> CompileAll(const Job& job,
                                                      const ScratchFolder& scratch) const;
  absl::Status CompileUnit(const Unit& unit, const std::string& object) const;

  const Toolchain& toolchain_;
  const BuildCache& cache_;
  const std::string source_folder_;
  const int jobs_;
  SourceDigests digests_;
};

}  // namespace boardloop
