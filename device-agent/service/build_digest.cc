#include "device-agent/service/build_digest.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/hash.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxProgram = int64_t{1} << 30;

}  // namespace

absl::StatusOr<std::string> BuildDigest(Preparer& preparer) {
  const BoardType& type = preparer.type();
  BL_ASSIGN_OR_RETURN(const std::shared_ptr<const FirmwareImage> resident, preparer.Resident());
  BL_ASSIGN_OR_RETURN(const std::string program, ReadFile("/proc/self/exe", kMaxProgram));
  return HashBytes(absl::StrCat(type.name, "\n", type.clock_hz, "\n", type.support->timing.model,
                                "\n", resident->digest, "\n", HashBytes(program).Hex()))
      .Hex();
}

}  // namespace boardloop
