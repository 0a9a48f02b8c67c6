#include "cli/size.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr char kSizeForm[] = "a size such as 262144, 256K or 1.5MB";

// Splits "1.5MB" into 1.5 and "MB". The number is digits with at most one point between them:
// unlike strtod, this takes no sign, exponent, hexadecimal, "inf" or "nan".
bool SplitNumber(const std::string& text, double* number, std::string* rest) {
  size_t end = 0;
  while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  if (end == 0) return false;
  if (end + 1 < text.size() && text[end] == '.' && absl::ascii_isdigit(text[end + 1])) {
    ++end;
    while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  }
  *rest = text.substr(end);
  return absl::SimpleAtod(text.substr(0, end), number);
}

// 1024 to the power that `unit` names; 0 for an unknown one.
double UnitBytes(const std::string& unit) {
  const std::string lower = absl::AsciiStrToLower(unit);
  if (lower.empty() || lower == "b") return 1;
  const size_t power = std::string("kmgt").find(lower[0]);
  const std::string suffix = lower.substr(1);
  if (power == std::string::npos || !(suffix.empty() || suffix == "b" || suffix == "ib")) return 0;
  return std::pow(1024.0, static_cast<double>(power + 1));
}

}  // namespace

absl::StatusOr<int64_t> ParseSize(const std::string& text) {
  double number = 0;
  std::string unit;
  if (!SplitNumber(text, &number, &unit) || UnitBytes(unit) == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is not %s", Printable(text), kSizeForm));
  }
  const double bytes = number * UnitBytes(unit);
  if (bytes < 1 || bytes > static_cast<double>(kMaxSizeBytes)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" is out of range: a size is at least 1 byte and at most 4G, which is "
        "what a 32-bit microcontroller addresses",
        Printable(text)));
  }
  if (bytes != std::floor(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is %.3f bytes, needs a whole number", Printable(text), bytes));
  }
  return static_cast<int64_t>(bytes);
}

absl::StatusOr<double> ParseShare(const std::string& text) {
  double number = 0;
  std::string unit;
  if (!SplitNumber(text, &number, &unit) || !(unit.empty() || unit == "%")) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is not a share such as 15%% or 0.15", Printable(text)));
  }
  const double share = unit.empty() ? number : number / 100;
  if (share > 100) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is more than 10000%%", Printable(text)));
  }
  return share;
}

absl::StatusOr<double> ParseNumber(const std::string& text, double low, double high) {
  double number = 0;
  std::string rest;
  if (!SplitNumber(text, &number, &rest) || !rest.empty() || number <= low || number > high) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" is not a number above %g and at most %g", Printable(text), low, high));
  }
  return number;
}

absl::StatusOr<int64_t> ParseInteger(const std::string& text, int64_t low, int64_t high) {
  int64_t value = 0;
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || !absl::SimpleAtoi(text, &value) || value < low || value > high) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is not an integer from %d to %d", Printable(text), low, high));
  }
  return value;
}

}  // namespace boardloop
