#include "device-agent/virtual/fault.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace boardloop::vboard {
namespace {

struct Form {
  std::string_view prefix;
  Fault::Kind kind;
  uint32_t smallest;
};

constexpr Form kForms[] = {
    {"drop-link@", Fault::Kind::kDropLink, 0}, {"corrupt-flash@", Fault::Kind::kCorruptFlash, 0},
    {"hang-core@", Fault::Kind::kHangCore, 1}, {"double-fault@", Fault::Kind::kDoubleFault, 1},
    {"slow-link:", Fault::Kind::kSlowLink, 0}, {"vanish@", Fault::Kind::kVanish, 0},
};

bool ParseNumber(std::string_view text, uint32_t* value) {
  const absl::string_view digits(text.data(), text.size());
  if (text.starts_with("0x")) return absl::SimpleHexAtoi(digits, value);
  return absl::SimpleAtoi(digits, value);
}

}  // namespace

absl::StatusOr<Fault> ParseFault(std::string_view text) {
  for (const Form& form : kForms) {
    if (text.substr(0, form.prefix.size()) != form.prefix) continue;
    Fault fault;
    fault.kind = form.kind;
    const std::string_view number = text.substr(form.prefix.size());
    if (ParseNumber(number, &fault.value) && fault.value >= form.smallest) return fault;
    return absl::InvalidArgumentError(absl::StrFormat(
        "fault \"%s\": \"%s\" must be a number of at least %d", text, number, form.smallest));
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "fault \"%s\" must be drop-link@BYTES, corrupt-flash@OFFSET, hang-core@N, double-fault@N, "
      "slow-link:USEC or vanish@BYTES",
      text));
}

}  // namespace boardloop::vboard
