#include "device-agent/virtual/plugin_path.h"

#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

constexpr char kPlugin[] = "libboardloop_cycles.so";

}  // namespace

absl::StatusOr<std::string> FindCyclePlugin(const std::filesystem::path& program) {
  std::error_code error;
  const std::filesystem::path folder = program.parent_path();
  for (const std::filesystem::path& path :
       {folder / ".." / "lib" / "boardloop" / kPlugin, folder / kPlugin}) {
    if (std::filesystem::exists(path, error)) return path.lexically_normal().string();
  }
  return absl::NotFoundError(absl::StrFormat(
      "the cycle plugin %s is not in ../lib/boardloop/ beside %s", kPlugin, program.string()));
}

}  // namespace boardloop
