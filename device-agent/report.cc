#include "device-agent/report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/figures.h"
#include "cli/size.h"
#include "cli/table.h"
#include "cli/text.h"

namespace boardloop {
namespace {

constexpr int kBarWidth = 24;

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// A bar of eighths of a character.
std::string TextBar(double share) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(share * kBarWidth * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

int64_t MostCycles(const Measurement& measurement) {
  int64_t most = 0;
  for (const OpMeasurement& op : measurement.ops) most = std::max(most, op.count.cycles);
  return most;
}

std::string Timing(const Measurement& measurement) {
  std::string model;
  for (const auto& [name, value] : measurement.provenance) {
    if (name == "timing_model") model = value;
  }
  return measurement.modelled ? absl::StrFormat("MODELLED (%s)", model) : "MEASURED";
}

std::string BytesOrDash(const std::optional<int64_t>& bytes) {
  return bytes.has_value() ? FormatInteger(*bytes) : "-";
}

void AppendLine(std::string* text, const std::string& name, const std::string& value) {
  absl::StrAppendFormat(text, "%-9s %s\n", name, Printable(value));  // Names are the files'.
}

void AppendTiming(const Measurement& measurement, std::string* text) {
  const Count median = measurement.Median();
  AppendLine(text, "latency",
             absl::StrFormat("%.2f ms at %g MHz, %s", measurement.LatencyMs(),
                             static_cast<double>(measurement.clock_hz) / 1e6, Timing(measurement)));
  std::string cycles = FormatInteger(median.cycles);
  if (measurement.macs > 0) {
    absl::StrAppendFormat(&cycles, " (%.2f per MAC)", Share(median.cycles, measurement.macs));
  }
  if (measurement.has_instructions) {
    absl::StrAppendFormat(&cycles, ", %s instructions", FormatInteger(median.instructions));
  }
  AppendLine(text, "cycles", cycles);
}

void AppendMemory(const Measurement& measurement, std::string* text) {
  if (measurement.sram.has_value()) {
    const SramUse& sram = *measurement.sram;
    const int64_t total =
        sram.arena + sram.scratch + sram.data.value_or(0) + sram.stack.value_or(0);
    AppendLine(
        text, "SRAM",
        absl::StrFormat("%s B: arena %s, scratch %s, data %s, stack %s", FormatInteger(total),
                        FormatInteger(sram.arena), FormatInteger(sram.scratch),
                        BytesOrDash(sram.data), BytesOrDash(sram.stack)));
  }
  if (measurement.flash.has_value()) {
    const FlashUse& flash = *measurement.flash;
    AppendLine(text, "flash",
               absl::StrFormat("%s B: weights %s, constants %s, code %s", BytesOrDash(flash.total),
                               FormatInteger(flash.weights), FormatInteger(flash.constants),
                               BytesOrDash(flash.code)));
  }
}

std::string ExactText(const Measurement& measurement) {
  if (!measurement.exact.has_value()) {
    return measurement.mode == MeasureMode::kResident
               ? "not checked: the resident image has weights of its own"
               : "not checked";
  }
  if (!*measurement.exact) return "NO";
  return absl::StrFormat("yes: %d %s equal to the reference bit for bit", measurement.inputs,
                         measurement.inputs == 1 ? "output" : "outputs");
}

}  // namespace

std::string SummaryText(const Measurement& measurement) {
  std::string text;
  AppendLine(&text, "model", measurement.model);
  AppendLine(&text, "board",
             absl::StrFormat("%s (%s), %s", measurement.board, measurement.board_type,
                             MeasureModeName(measurement.mode)));
  std::string outcome = OutcomeName(measurement.outcome);
  if (!measurement.message.empty()) absl::StrAppend(&outcome, ": ", measurement.message);
  AppendLine(&text, "outcome", outcome);
  if (!measurement.runs.empty()) AppendTiming(measurement, &text);
  AppendMemory(measurement, &text);
  if (!measurement.runs.empty()) AppendLine(&text, "exact", ExactText(measurement));
  return text;
}

std::string LayerTable(const Measurement& measurement) {
  const int64_t all = measurement.Median().cycles, most = MostCycles(measurement);
  Table table({{"step"},
               {"layer", Align::kLeft},
               {"operator", Align::kLeft},
               {"MACs"},
               {"cycles"},
               {"per MAC"},
               {"share"},
               {"", Align::kLeft}});
  for (size_t i = 0; i < measurement.ops.size(); ++i) {
    const OpMeasurement& op = measurement.ops[i];
    const int64_t cycles = op.count.cycles;
    table.AddRow({absl::StrCat(i), op.name, op.op, FormatInteger(op.macs), FormatInteger(cycles),
                  op.macs == 0 ? "-" : absl::StrFormat("%.2f", Share(cycles, op.macs)),
                  FormatShare(Share(cycles, all)), TextBar(Share(cycles, most))});
  }
  return table.Text();
}

std::string LayerFigure(const Measurement& measurement) {
  BarPanel panel;
  panel.title = absl::StrFormat("%s on %s: %.2f ms, %s", measurement.model, measurement.board,
                                measurement.LatencyMs(), Timing(measurement));
  panel.axis = "thousand cycles";
  for (size_t i = 0; i < measurement.ops.size(); ++i) {
    const OpMeasurement& op = measurement.ops[i];
    panel.bars.push_back({absl::StrCat(i, " ", op.op), static_cast<double>(op.count.cycles) / 1e3,
                          FormatInteger(op.count.cycles), true});
  }
  return BarFigure({panel});
}

}  // namespace boardloop
