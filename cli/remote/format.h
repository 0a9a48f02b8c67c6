// Values of messages as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "boardloop/v1/search.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace boardloop {

absl::Time ToTime(const google::protobuf::Timestamp& timestamp);

// "48 s", "3 min 05 s", "2 h 04 min", "3 d 2 h"; never negative.
std::string DurationText(absl::Duration duration);
// "3 min ago" and the like, by the largest unit alone; "-" for a timestamp that is not set.
std::string AgoText(const google::protobuf::Timestamp& timestamp, absl::Time now);
// In local time: "14:03:09", and with its date.
std::string ClockText(const google::protobuf::Timestamp& timestamp);
std::string DateText(const google::protobuf::Timestamp& timestamp);

// 0.8412 -> "84.12 %"
std::string Top1Text(double top1);
// Three digits that matter: "12.3 ms", "104 ms", "0.82 ms".
std::string LatencyText(double latency_ms);
// A file's size: "812 B", "64.0 kB", "3.2 MB"; units of 1024.
std::string FileSizeText(int64_t bytes);

// A measured latency, else a predicted one marked with '~', else "-".
std::string LatencyOf(const v1::Candidate& candidate);
std::string Top1Of(const v1::Candidate& candidate);

// "SPACE_OPTIMIZATION" -> "space optimization"
std::string EnumText(const std::string& name);

// `text` made printable and cut to `width` columns, the last of them an ellipsis where more was cut off.
std::string Clip(const std::string& text, int64_t width);
// Clip, and blanks up to `width`.
std::string ClipPad(const std::string& text, int64_t width);

// "name      value" lines, as `show` prints them.
void AppendField(const std::string& name, const std::string& value, std::string* text);

}  // namespace boardloop
