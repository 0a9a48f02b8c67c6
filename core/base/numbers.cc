#include "core/base/numbers.h"

#include <cmath>

#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

// The digits in front of the point, with an optional sign.
std::string Grouped(const std::string& digits) {
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool after_digit = i > 0 && digits[i - 1] != '-';
    if (after_digit && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

}  // namespace

std::string FormatInteger(int64_t value) { return Grouped(absl::StrFormat("%d", value)); }

std::string FormatDecimal(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  const std::string text = absl::StrFormat("%.*f", decimals, value);
  const size_t point = text.find('.');
  if (point == std::string::npos) return Grouped(text);
  return Grouped(text.substr(0, point)) + text.substr(point);
}

std::string FormatKb(int64_t bytes) {
  const int64_t tenths = (bytes * 10 + 512) / 1024;
  return absl::StrFormat("%s.%d kB", FormatInteger(tenths / 10), tenths % 10);
}

std::string FormatCount(double count) {
  if (count < 999.5) return absl::StrFormat("%.0f", count);
  if (count < 999.95e3) return absl::StrFormat("%.1fk", count / 1e3);
  if (count < 999.95e6) return absl::StrFormat("%.1fM", count / 1e6);
  return absl::StrFormat("%.2fG", count / 1e9);
}

std::string FormatShare(double share) { return absl::StrFormat("%.1f%%", share * 100); }

}  // namespace boardloop
