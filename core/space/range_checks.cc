#include "core/space/range_checks.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

constexpr size_t kMaxNameBytes = 63;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

absl::Status CheckRange(const std::string& field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is %d, must be in [%d, %d]", field, value, low, high));
}

absl::Status CheckKernelSize(const std::string& field, int32_t value) {
  if (value == 3 || value == 5 || value == 7) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s is %d, must be 3, 5 or 7", field, value));
}

absl::Status CheckWidthMult(const std::string& field, double value) {
  if (value > 0 && value <= kMaxWidthMult) return absl::OkStatus();  // NaN is neither.
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is %g, must be in (0, %g]", field, value, kMaxWidthMult));
}

absl::Status CheckSpaceName(const std::string& field, const std::string& value) {
  bool valid = !value.empty() && value.size() <= kMaxNameBytes;
  for (char c : value) valid = valid && IsNameCharacter(c);
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is \"%s\", must be 1 to %d lower-case letters, digits and '-'", field,
                      absl::Utf8SafeCHexEscape(value.substr(0, kMaxNameBytes)), kMaxNameBytes));
}

}  // namespace boardloop
