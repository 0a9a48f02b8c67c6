#include "worker/training_report.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/size.h"

namespace boardloop {
namespace {

std::string Clock(double seconds) {
  const auto whole = std::llround(seconds);
  if (whole < 3600) return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
  return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string AccuracyText(const Accuracy& accuracy) {
  std::string text = absl::StrFormat("  top-1 %.4f", accuracy.largest);
  if (!accuracy.smallest) return text;
  absl::StrAppendFormat(&text, " largest, %.4f smallest", *accuracy.smallest);
  if (accuracy.random.empty()) return text;
  double sum = 0;
  for (const double top1 : accuracy.random) sum += top1;
  absl::StrAppendFormat(&text, ", %.4f mean of %d random", sum / accuracy.random.size(),
                        accuracy.random.size());
  return text;
}

}  // namespace

std::string ReportLine(const TrainReport& report) {
  std::string line = absl::StrFormat(
      "%-9s %6d/%d %3.0f %%  loss %.4f  rate %.4f  %s images/s  %s left", report.phase, report.step,
      report.steps, 100.0 * static_cast<double>(report.step) / static_cast<double>(report.steps),
      report.loss, report.rate, FormatInteger(static_cast<int64_t>(report.images_per_second)),
      Clock(report.seconds_left));
  if (report.accuracy) line += AccuracyText(*report.accuracy);
  return line;
}

nlohmann::ordered_json ReportJson(const TrainReport& report) {
  nlohmann::ordered_json json = {
      {"phase", report.phase},     {"step", report.step},
      {"steps", report.steps},     {"loss", report.loss},
      {"rate", report.rate},       {"images_per_second", report.images_per_second},
      {"seconds", report.seconds}, {"seconds_left", report.seconds_left}};
  if (!report.accuracy) return json;
  json["val_top1_largest"] = report.accuracy->largest;
  if (report.accuracy->smallest) json["val_top1_smallest"] = *report.accuracy->smallest;
  json["val_top1_random"] = report.accuracy->random;
  json["val_images"] = report.accuracy->images;
  return json;
}

}  // namespace boardloop
