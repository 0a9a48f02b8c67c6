#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "server/report/figures.h"
#include "server/report/html.h"
#include "server/report/plot.h"
#include "server/report/step_name.h"

namespace boardloop::report {
namespace {

constexpr double kRowHeight = 17;

using Operators = google::protobuf::RepeatedPtrField<v1::OperatorMeasurement>;

int64_t Total(const Operators& operators) {
  int64_t total = 0;
  for (const v1::OperatorMeasurement& one : operators) total += one.cycles();
  return total;
}

std::string Colour(const v1::OperatorMeasurement& one) {
  if (one.operator_() == "DEPTHWISE_CONV_2D") return "fill-orange";
  if (one.operator_() == "CONV_2D") return "fill-blue";
  return "fill-green";
}

std::string PerMac(const v1::OperatorMeasurement& one) {
  if (one.macs() <= 0) return "-";
  return absl::StrFormat("%.2f",
                         static_cast<double>(one.cycles()) / static_cast<double>(one.macs()));
}

std::string Share(int64_t cycles, int64_t total) {
  return total > 0 ? FormatShare(static_cast<double>(cycles) / static_cast<double>(total)) : "-";
}

std::string Tip(const v1::OperatorMeasurement& one, int64_t total) {
  std::string text =
      absl::StrCat(one.name(), "\n", one.operator_(), "\n", FormatInteger(one.cycles()),
                   " cycles, ", Share(one.cycles(), total), " of all");
  if (one.instructions() > 0) {
    absl::StrAppend(&text, "\n", FormatInteger(one.instructions()), " instructions");
  }
  absl::StrAppend(&text, "\n", FormatInteger(one.macs()), " MACs");
  if (one.macs() > 0) absl::StrAppend(&text, ", ", PerMac(one), " cycles each");
  if (!one.kernel().empty()) absl::StrAppend(&text, "\n", one.kernel());
  return text;
}

std::string Draw(const Canvas& canvas, const Operators& operators, const std::string& timing) {
  int64_t most = 1;
  for (const v1::OperatorMeasurement& one : operators) most = std::max(most, one.cycles());
  const int64_t total = Total(operators);
  const bool millions = most >= 2000000;
  const double unit = millions ? 1e6 : 1e3;
  Margins margins;
  margins.left = canvas.narrow ? 106 : 122;
  margins.right = canvas.narrow ? 14 : 120;
  const double height = margins.top + margins.bottom + kRowHeight * operators.size();
  PlotAxis y;
  Plot plot(canvas, height, margins,
            {canvas.narrow ? "cycles-n" : "cycles-w", "Cycles of each layer",
             "One bar for each step of the program, in order of execution, from top to bottom."},
            NumberAxis(absl::StrCat(millions ? "million" : "thousand", " cycles",
                                    timing.empty() ? "" : ", " + timing),
                       0, static_cast<double>(most) / unit * 1.02, canvas.narrow ? 4 : 8),
            y);
  for (int i = 0; i < operators.size(); ++i) {
    const v1::OperatorMeasurement& one = operators[i];
    const double top = plot.top() + kRowHeight * i;
    const double end = plot.X(static_cast<double>(one.cycles()) / unit);
    plot.svg().Text({plot.left() - 8, top + 12.5}, ShortStepName(one.name(), 16), "small",
                    Anchor::kEnd);
    plot.svg().Rect({plot.left(), top + 2.5}, end - plot.left(), kRowHeight - 5, Colour(one));
    if (!canvas.narrow) {
      plot.svg().Text({plot.right() + 8, top + 12.5},
                      absl::StrCat(FormatInteger(one.cycles()), " · ", Share(one.cycles(), total)),
                      "small", Anchor::kStart);
    }
    plot.svg().Rect({0, top}, canvas.width, kRowHeight, "m hit",
                    Attribute("data-tip", Tip(one, total)));
  }
  return std::move(plot).Finish();
}

std::string NumbersTable(const Operators& operators) {
  HtmlTable table("Cycles by layer", {{"layer"},
                                      {"operator"},
                                      {"cycles", true},
                                      {"share", true},
                                      {"instructions", true},
                                      {"MACs", true},
                                      {"cycles/MAC", true},
                                      {"kernel", false, true}});
  const int64_t total = Total(operators);
  for (const v1::OperatorMeasurement& one : operators) {
    table.AddRow({one.name(), one.operator_(), FormatInteger(one.cycles()),
                  Share(one.cycles(), total),
                  one.instructions() > 0 ? FormatInteger(one.instructions()) : "-",
                  FormatInteger(one.macs()), PerMac(one), one.kernel()});
  }
  return table.Html();
}

std::string Summary(const v1::Measurement& measurement) {
  const int64_t total = Total(measurement.operators());
  int64_t macs = 0;
  for (const v1::OperatorMeasurement& one : measurement.operators()) macs += one.macs();
  std::string text = absl::StrFormat("%s cycles in %s steps of %s", FormatInteger(total),
                                     FormatInteger(measurement.operators_size()),
                                     measurement.mode() == v1::Measurement::RESIDENT
                                         ? "the resident program"
                                         : "the image that is delivered");
  if (measurement.clock_hz() > 0) {
    absl::StrAppendFormat(&text, " at %s MHz",
                          FormatDecimal(static_cast<double>(measurement.clock_hz()) / 1e6, 0));
  }
  if (macs > 0) {
    absl::StrAppendFormat(&text, ": %.2f cycles for each of %s MACs",
                          static_cast<double>(total) / static_cast<double>(macs),
                          FormatInteger(macs));
  }
  return text + ".";
}

}  // namespace

std::string CyclesFigure(const SearchReport& report, const Facts& facts) {
  if (facts.measurement == nullptr || facts.measurement->operators().empty()) {
    return Paragraph("No measurement of the winner has cycles by layer.");
  }
  const Operators& operators = facts.measurement->operators();
  const std::string timing = TimingWord(report, facts);
  std::string text = Summary(*facts.measurement);
  if (timing == "modelled") {
    absl::StrAppend(&text, " Cycles are those of the model ", facts.timing_model,
                    ", not of a chip; instruction counts are exact.");
  }
  const std::string legend = Legend({{Swatch::kBox, "fill-blue", "convolution"},
                                     {Swatch::kBox, "fill-orange", "depthwise convolution"},
                                     {Swatch::kBox, "fill-green", "everything else"}});
  return absl::StrCat(
      Paragraph(text),
      Drawing(legend, Draw(kWide, operators, timing), Draw(kNarrow, operators, timing)),
      Details("Layers in numbers", NumbersTable(operators)));
}

}  // namespace boardloop::report
