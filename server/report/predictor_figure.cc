#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "server/report/figures.h"
#include "server/report/html.h"
#include "server/report/plot.h"

namespace boardloop::report {
namespace {

constexpr Canvas kSquare = {520, false};

double ErrorPercent(const LatencyPair& pair) {
  return 100 * (pair.predicted_ms - pair.measured_ms) / pair.measured_ms;
}

// Pairs that an error can be given for.
std::vector<LatencyPair> Usable(const std::vector<LatencyPair>& pairs) {
  std::vector<LatencyPair> usable;
  for (const LatencyPair& pair : pairs) {
    if (std::isfinite(pair.predicted_ms) && std::isfinite(pair.measured_ms) &&
        pair.measured_ms > 0) {
      usable.push_back(pair);
    }
  }
  return usable;
}

struct Errors {
  double mean_absolute = 0, mean = 0, largest = 0, median_absolute = 0;  // In percent.
  int64_t within_5 = 0;
};

Errors Summarize(const std::vector<LatencyPair>& pairs) {
  Errors errors;
  std::vector<double> absolute;
  for (const LatencyPair& pair : pairs) {
    const double error = ErrorPercent(pair);
    absolute.push_back(std::fabs(error));
    errors.mean += error / static_cast<double>(pairs.size());
    errors.mean_absolute += std::fabs(error) / static_cast<double>(pairs.size());
    errors.largest = std::max(errors.largest, std::fabs(error));
    if (std::fabs(error) <= 5) ++errors.within_5;
  }
  const auto middle = absolute.begin() + static_cast<std::ptrdiff_t>((absolute.size() - 1) / 2);
  std::nth_element(absolute.begin(), middle, absolute.end());
  errors.median_absolute = *middle;
  return errors;
}

std::string Tip(const LatencyPair& pair) {
  return absl::StrFormat("Candidate %s\npredicted %s ms\nmeasured %s ms\nerror %+.2f%%",
                         LastPart(pair.candidate), FormatDecimal(pair.predicted_ms, 2),
                         FormatDecimal(pair.measured_ms, 2), ErrorPercent(pair));
}

std::string Draw(const Canvas& canvas, const std::vector<LatencyPair>& pairs,
                 const std::string& timing) {
  double low = pairs[0].measured_ms;
  double high = 0;
  for (const LatencyPair& pair : pairs) {
    low = std::min({low, pair.predicted_ms, pair.measured_ms});
    high = std::max({high, pair.predicted_ms, pair.measured_ms});
  }
  const double pad = std::max(0.02 * high, 0.05 * (high - low));
  low = std::max(0.0, low - pad);
  high += pad;
  // Both axes have one scale, so that the diagonal is where a prediction is right.
  const Margins margins;
  const double height = canvas.width - margins.left - margins.right + margins.top + margins.bottom;
  Plot plot(
      canvas, height, margins,
      {canvas.narrow ? "predictor-n" : "predictor-w", "Latency as predicted and as measured",
       "One dot for each candidate; on the diagonal the prediction is right; the band is 5% to "
       "either side."},
      NumberAxis(absl::StrCat(timing.empty() ? "measured" : timing, " latency (ms)"), low, high, 5),
      NumberAxis("predicted latency (ms)", low, high, 5), "plot near square");
  const auto clipped = [&](double x, double factor) {
    const double y = std::clamp(x * factor, low, high);
    return plot.At(y / factor, y);
  };
  plot.svg().Polygon({clipped(low, 0.95), clipped(high, 0.95), plot.At(high, high),
                      clipped(high, 1.05), clipped(low, 1.05), plot.At(low, low)},
                     "band");
  plot.svg().Line(plot.At(low, low), plot.At(high, high), "diagonal");
  for (const LatencyPair& pair : pairs) {
    plot.svg().Circle(plot.At(pair.measured_ms, pair.predicted_ms), 3, "m feasible",
                      Attribute("data-tip", Tip(pair)));
  }
  return std::move(plot).Finish();
}

std::string ErrorTable(const PredictorStatistics& predictor, const Errors& errors, size_t pairs) {
  HtmlTable table("Errors of the predictor", {{"figure"}, {"value", true}});
  table.AddRow({"candidates predicted and measured", FormatInteger(static_cast<int64_t>(pairs))});
  table.AddRow({"mean absolute error", absl::StrFormat("%.2f%%", errors.mean_absolute)});
  table.AddRow({"median absolute error", absl::StrFormat("%.2f%%", errors.median_absolute)});
  table.AddRow({"mean error (bias)", absl::StrFormat("%+.2f%%", errors.mean)});
  table.AddRow({"largest error", absl::StrFormat("%.2f%%", errors.largest)});
  table.AddRow({"within 5%",
                FormatShare(static_cast<double>(errors.within_5) / static_cast<double>(pairs))});
  table.AddRow({"measurements it learned from", FormatInteger(predictor.measurements)});
  if (predictor.error_percent) {
    table.AddRow({"mean absolute error over measurements held out",
                  absl::StrFormat("%.2f%%", *predictor.error_percent)});
  }
  return table.Html();
}

std::string WithoutPairs(const PredictorStatistics& predictor) {
  std::string text = absl::StrFormat(
      "The latency predictor learned from %s measurements, but no candidate of this search was "
      "both "
      "predicted and measured.",
      FormatInteger(predictor.measurements));
  if (predictor.error_percent) {
    absl::StrAppendFormat(&text, " Over measurements held out its mean absolute error is %.2f%%.",
                          *predictor.error_percent);
  }
  return Paragraph(text);
}

}  // namespace

std::string PredictorFigure(const SearchReport& report, const Facts& facts) {
  if (!report.predictor) {
    return Paragraph(
        "There was no latency predictor: too few measurements of this board type to learn from. "
        "Every "
        "latency in this report is of a board.");
  }
  const PredictorStatistics& predictor = *report.predictor;
  const std::vector<LatencyPair> pairs = Usable(predictor.pairs);
  if (pairs.empty()) return WithoutPairs(predictor);
  const Errors errors = Summarize(pairs);
  const std::string table = ErrorTable(predictor, errors, pairs.size());
  // As many as other drawings have; the errors are those of all.
  const size_t stride = (pairs.size() + kMaxDrawnCandidates - 1) / kMaxDrawnCandidates;
  std::vector<LatencyPair> drawn;
  for (size_t i = 0; i < pairs.size(); i += stride) drawn.push_back(pairs[i]);
  const std::string timing = TimingWord(report, facts);
  const std::string text = absl::StrFormat(
      "Each candidate was predicted before it was measured. Mean absolute error: %.2f%%, largest: "
      "%.2f%%.",
      errors.mean_absolute, errors.largest);
  const std::string legend = Legend({{Swatch::kDot, "feasible", "candidate"},
                                     {Swatch::kLine, "diagonal", "prediction = measurement"},
                                     {Swatch::kBox, "band", "within 5%"}});
  return absl::StrCat(Paragraph(text),
                      Drawing(legend, Draw(kSquare, drawn, timing), Draw(kNarrow, drawn, timing)),
                      table);
}

}  // namespace boardloop::report
