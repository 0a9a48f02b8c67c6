#include "device-agent/virtual/uid.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "device-agent/virtual/qemu/hex.h"

namespace boardloop::vboard {

absl::StatusOr<Uid> ParseUid(const std::string& text) {
  Uid uid;
  const bool digits = std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
  if (text.size() != 2 * uid.size() || !digits) {
    return absl::InvalidArgumentError(
        absl::StrFormat("unique id \"%s\" must be 24 hexadecimal digits", text));
  }
  FromHex(text, absl::MakeSpan(uid));
  return uid;
}

std::string FormatUid(const Uid& uid) {
  std::string text;
  AppendHex(uid, &text);
  return text;
}

}  // namespace boardloop::vboard
