// Runs kernels on a Cortex-M under QEMU, many runs at once.
//
//   auto runner = ArmRunner::Create(KernelCatalog(), ArmRunner::CortexM4());
//   auto failures = runner->Run(runs);  // Made by MakeRun (kernel_run.h). Empty if all agree.
//
// The kernels are compiled and linked once, with case_main.c; Run only writes a file and starts
// QEMU. An access past the end of a run's memory is a fault, and reported as such.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "firmware/codegen/kernel_catalog.h"
#include "tests/firmware/engine/kernel_run.h"

namespace boardloop {

// A folder that is removed with what is in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class ArmRunner {
 public:
  struct Options {
    std::string cpu = "cortex-m4";
    std::string machine = "mps2-an386";
    std::vector<std::string> flags = {"-O2"};
    int hang_ticks = 30;                           // Of 0.67 s: a run that takes longer hangs.
    absl::Duration deadline = absl::Seconds(300);  // Of one start of QEMU.
  };
  static Options CortexM4() { return {}; }
  static Options CortexM7() {
    Options options;
    options.cpu = "cortex-m7";
    options.machine = "mps2-an500";
    return options;
  }

  // Whether compiler and QEMU are installed; tests skip themselves otherwise.
  static bool IsAvailable();

  // Compiles and links `objects`.
  //
  // INVALID_ARGUMENT  a source does not compile; the message has the compiler's
  static absl::StatusOr<ArmRunner> Create(const std::vector<KernelObject>& objects,
                                          const Options& options);

  struct Failure {
    size_t run = 0;    // Index into `runs`.
    std::string what;  // The run's label and what went wrong.
  };

  // Executes the runs in order. After a fault it goes on with the next run, up to kMaxFailures.
  //
  // INTERNAL  QEMU or the program did not do what it should
  absl::StatusOr<std::vector<Failure>> Run(const std::vector<KernelRun>& runs) const;

  static constexpr size_t kMaxFailures = 20;

 private:
  ArmRunner(Options options, std::vector<std::string> kernels, ScratchFolder folder)
      : options_(std::move(options)), kernels_(std::move(kernels)), folder_(std::move(folder)) {}

  absl::StatusOr<std::string> RunFrom(const std::vector<KernelRun>& runs, size_t first) const;

  Options options_;
  std::vector<std::string> kernels_;  // By index in the program.
  ScratchFolder folder_;
};

}  // namespace boardloop
