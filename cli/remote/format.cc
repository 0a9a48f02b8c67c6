#include "cli/remote/format.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "cli/size.h"
#include "core/base/text.h"

namespace boardloop {

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

std::string DurationText(absl::Duration duration) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(duration));
  const int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (days > 0) return absl::StrFormat("%d d %d h", days, hours % 24);
  if (hours > 0) return absl::StrFormat("%d h %02d min", hours, minutes % 60);
  if (minutes > 0) return absl::StrFormat("%d min %02d s", minutes, seconds % 60);
  return absl::StrFormat("%d s", seconds);
}

std::string AgoText(const google::protobuf::Timestamp& timestamp, absl::Time now) {
  if (timestamp.seconds() == 0) return "-";
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(now - ToTime(timestamp)));
  if (seconds < 60) return absl::StrFormat("%d s ago", seconds);
  if (seconds < 3600) return absl::StrFormat("%d min ago", seconds / 60);
  if (seconds < 86400) return absl::StrFormat("%d h ago", seconds / 3600);
  return absl::StrFormat("%d d ago", seconds / 86400);
}

std::string ClockText(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%H:%M:%S", ToTime(timestamp), absl::LocalTimeZone());
}

std::string DateText(const google::protobuf::Timestamp& timestamp) {
  if (timestamp.seconds() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", ToTime(timestamp), absl::LocalTimeZone());
}

std::string Top1Text(double top1) { return absl::StrFormat("%.2f %%", top1 * 100); }

std::string LatencyText(double latency_ms) {
  if (latency_ms >= 100) return absl::StrFormat("%.0f ms", latency_ms);
  if (latency_ms >= 10) return absl::StrFormat("%.1f ms", latency_ms);
  if (latency_ms > 0 && latency_ms < 0.1) return absl::StrFormat("%.2g ms", latency_ms);
  return absl::StrFormat("%.2f ms", latency_ms);
}

std::string FileSizeText(int64_t bytes) {
  if (bytes < 1024) return absl::StrFormat("%d B", bytes);
  if (bytes < 1024 * 1024) return FormatKb(bytes);
  return absl::StrFormat("%.1f MB", static_cast<double>(bytes) / (1024 * 1024));
}

std::string LatencyOf(const v1::Candidate& candidate) {
  if (candidate.has_latency_ms()) return LatencyText(candidate.latency_ms());
  if (candidate.has_predicted_latency_ms()) {
    return absl::StrCat("~", LatencyText(candidate.predicted_latency_ms()));
  }
  return "-";
}

std::string Top1Of(const v1::Candidate& candidate) {
  return candidate.has_top1() ? Top1Text(candidate.top1()) : "-";
}

std::string EnumText(const std::string& name) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", " "}});
}

std::string Clip(const std::string& text, int64_t width) {
  std::string printable = Printable(text);
  if (DisplayWidth(printable) <= width) return printable;
  if (width <= 0) return "";
  std::string clipped;
  int64_t columns = 0;
  for (const char c : printable) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && ++columns == width) break;
    clipped += c;
  }
  return clipped + "…";
}

std::string ClipPad(const std::string& text, int64_t width) {
  const std::string clipped = Clip(text, width);
  return clipped +
         std::string(static_cast<size_t>(std::max<int64_t>(0, width - DisplayWidth(clipped))), ' ');
}

void AppendField(const std::string& name, const std::string& value, std::string* text) {
  if (!value.empty()) absl::StrAppendFormat(text, "%-12s %s\n", name, Printable(value));
}

}  // namespace boardloop
