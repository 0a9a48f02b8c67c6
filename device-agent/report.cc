#include "device-agent/report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "cli/figures.h"
#include "cli/size.h"
#include "cli/table.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr int kBarWidth = 24;
constexpr size_t kMaxName = 32;  // Names that converters give can fill a screen.

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string PerMac(int64_t cycles, int64_t macs) {
  return macs == 0 ? "-" : absl::StrFormat("%.2f", Share(cycles, macs));
}

// A bar of eighths of a character.
std::string TextBar(double share) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(share * kBarWidth * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

// At most kMaxName characters, the last of them an ellipsis where more was cut off.
std::string Short(const std::string& name) {
  const std::string text = Printable(name);
  const auto starts_character = [&](size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
  };
  size_t characters = 0, last = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!starts_character(i)) continue;
    ++characters;
    if (characters == kMaxName) last = i;
  }
  return characters <= kMaxName ? text : text.substr(0, last) + "…";
}

// A file by its name alone where its path would be cut.
std::string ShortModel(const std::string& model) {
  const bool cut = DisplayWidth(Printable(model)) > static_cast<int64_t>(kMaxName);
  return Short(cut ? model.substr(model.rfind('/') + 1) : model);
}

// "pointwise_add" of "bl_pointwise_add_s8_dsp": the set is the board's, all are int8.
std::string ShortKernel(const std::string& kernel) {
  if (kernel.empty()) return "-";
  const std::string name(absl::StripPrefix(kernel, "bl_"));
  return name.substr(0, name.rfind("_s8"));
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

// On one line: a compiler's messages have several.
std::string MessageText(const Measurement& measurement) {
  return Printable(
      absl::StrReplaceAll(absl::StripTrailingAsciiWhitespace(measurement.message), {{"\n", "; "}}));
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

std::optional<int64_t> SramTotal(const Measurement& measurement) {
  if (!measurement.sram.has_value()) return std::nullopt;
  const SramUse& sram = *measurement.sram;
  return sram.arena + sram.scratch + sram.data.value_or(0) + sram.stack.value_or(0);
}

void AppendMemory(const Measurement& measurement, std::string* text) {
  if (measurement.sram.has_value()) {
    const SramUse& sram = *measurement.sram;
    AppendLine(text, "SRAM",
               absl::StrFormat("%s B: arena %s, scratch %s, data %s, stack %s",
                               BytesOrDash(SramTotal(measurement)), FormatInteger(sram.arena),
                               FormatInteger(sram.scratch), BytesOrDash(sram.data),
                               BytesOrDash(sram.stack)));
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
  AppendLine(&text, "model",
             measurement.model + (measurement.random_weights ? " (random weights)" : ""));
  AppendLine(&text, "board",
             absl::StrFormat("%s (%s), %s", measurement.board,
                             measurement.board_type.empty() ? "?" : measurement.board_type,
                             MeasureModeName(measurement.mode)));
  std::string outcome = OutcomeName(measurement.outcome);
  if (!measurement.message.empty()) absl::StrAppend(&outcome, ": ", MessageText(measurement));
  AppendLine(&text, "outcome", outcome);
  if (!measurement.runs.empty()) AppendTiming(measurement, &text);
  AppendMemory(measurement, &text);
  if (!measurement.runs.empty()) AppendLine(&text, "exact", ExactText(measurement));
  if (measurement.correct.has_value() && measurement.samples > 0) {
    AppendLine(&text, "top-1",
               absl::StrFormat("%.2f %%: %d of %d samples",
                               100.0 * *measurement.correct / measurement.samples,
                               *measurement.correct, measurement.samples));
  }
  return text;
}

std::string LayerTable(const Measurement& measurement) {
  const int64_t all = measurement.Median().cycles, most = MostCycles(measurement);
  Table table({{"step"},
               {"layer", Align::kLeft},
               {"operator", Align::kLeft},
               {"kernel", Align::kLeft},
               {"MACs"},
               {"cycles"},
               {"per MAC"},
               {"share"},
               {"", Align::kLeft}});
  for (size_t i = 0; i < measurement.ops.size(); ++i) {
    const OpMeasurement& op = measurement.ops[i];
    const int64_t cycles = op.count.cycles;
    table.AddRow({absl::StrCat(i), Short(op.name), op.op, ShortKernel(op.kernel),
                  FormatInteger(op.macs), FormatInteger(cycles), PerMac(cycles, op.macs),
                  FormatShare(Share(cycles, all)), TextBar(Share(cycles, most))});
  }
  return table.Text();
}

std::string ComparisonTable(const std::vector<Measurement>& measurements) {
  Table table({{"model", Align::kLeft},
               {"MACs"},
               {"latency"},
               {"cycles"},
               {"per MAC"},
               {"SRAM"},
               {"flash"},
               {"exact"},
               {"outcome", Align::kLeft}});
  for (const Measurement& measurement : measurements) {
    const bool ran = !measurement.runs.empty();
    const int64_t cycles = measurement.Median().cycles;
    const std::optional<int64_t> flash =
        measurement.flash.has_value() ? measurement.flash->total : std::nullopt;
    const char* exact = !measurement.exact.has_value() ? "-" : *measurement.exact ? "yes" : "NO";
    table.AddRow({ShortModel(measurement.model),
                  measurement.macs == 0 ? "-" : FormatInteger(measurement.macs),
                  ran ? absl::StrFormat("%.2f ms", measurement.LatencyMs()) : "-",
                  ran ? FormatInteger(cycles) : "-", ran ? PerMac(cycles, measurement.macs) : "-",
                  BytesOrDash(SramTotal(measurement)), BytesOrDash(flash), exact,
                  OutcomeName(measurement.outcome)});
  }
  std::string text = table.Text();
  for (const Measurement& measurement : measurements) {
    if (measurement.message.empty()) continue;
    absl::StrAppendFormat(&text, "\n%s: %s: %s", ShortModel(measurement.model),
                          OutcomeName(measurement.outcome), MessageText(measurement));
  }
  if (text.back() != '\n') text += "\n";
  bool any_random = false;
  for (const Measurement& measurement : measurements) any_random |= measurement.random_weights;
  for (const Measurement& measurement : measurements) {
    if (measurement.runs.empty()) continue;  // Board and mode are the same for all that ran.
    absl::StrAppendFormat(&text, "\non %s (%s), %s, %s%s\n", measurement.board,
                          measurement.board_type, MeasureModeName(measurement.mode),
                          Timing(measurement),
                          any_random ? "; networks without a file have random weights" : "");
    break;
  }
  return text;
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
