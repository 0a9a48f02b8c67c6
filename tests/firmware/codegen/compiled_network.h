// Compiles generated C with the host's compiler and runs it: what a user of the library does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "firmware/codegen/emit_c.h"
#include "firmware/codegen/engine_program.h"

namespace boardloop {

// A folder below the system's temporary folder; the destructor deletes it.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Runs a program in `folder` and returns its standard output.
//
// INTERNAL  its exit code is not 0; the message has what it printed
absl::StatusOr<std::string> RunIn(const std::string& folder, const std::vector<std::string>& argv,
                                  const std::string& input = "");

class CompiledNetwork {
 public:
  // All warnings are errors.
  static absl::StatusOr<std::unique_ptr<CompiledNetwork>> Build(const EngineProgram& program,
                                                                const EmitOptions& options = {});

  absl::StatusOr<std::vector<int8_t>> Run(absl::Span<const int8_t> input) const;

  // Size of a symbol in the program, by `nm`.
  absl::StatusOr<int64_t> SymbolBytes(const std::string& symbol) const;

 private:
  TestFolder folder_;
};

}  // namespace boardloop
