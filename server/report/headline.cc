#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "core/base/text.h"
#include "server/report/html.h"
#include "server/report/sections.h"
#include "server/report/svg.h"

namespace boardloop::report {
namespace {

constexpr char kNotMeasured[] = "not measured";

struct Card {
  std::string title;
  std::string big;
  std::string unit;             // Behind it, smaller.
  std::string big_class;        // "good", "bad" or empty.
  std::string badge;            // Behind the title.
  std::optional<double> share;  // Of a limit: a meter.
  std::string text;
};

std::string Percent(double top1) { return absl::StrFormat("%.2f%%", top1 * 100); }

std::string Meter(double share) {
  const double percent = std::isfinite(share) ? std::clamp(share * 100, 0.0, 100.0) : 0;
  return absl::StrCat("<div class=\"meter", share > 1 ? " over" : "", "\" aria-hidden=\"true\"><i",
                      Attribute("style", absl::StrFormat("width:%.1f%%", percent)),
                      "></i></div>\n");
}

std::string CardHtml(const Card& card) {
  std::string big_class = "big";
  if (!card.big_class.empty()) absl::StrAppend(&big_class, " ", card.big_class);
  return absl::StrCat(
      "<div class=\"card\">\n<h3>", EscapeHtml(card.title),
      card.badge.empty()
          ? ""
          : absl::StrCat(" <span class=\"badge warn\">", EscapeHtml(card.badge), "</span>"),
      "</h3>\n<p", Attribute("class", big_class), ">", EscapeHtml(card.big),
      card.unit.empty() ? "" : absl::StrCat(" <small>", EscapeHtml(card.unit), "</small>"),
      "</p>\n", card.share ? Meter(*card.share) : "", Paragraph(card.text), "</div>\n");
}

Card HostCard(const SearchReport& report) {
  Card card{"Test top-1, host", kNotMeasured, "", "", "", std::nullopt, ""};
  if (!report.specialized || report.specialized->test_images() <= 0) return card;
  const v1::SpecializeOutput& output = *report.specialized;
  card.big = Percent(output.test_top1_int8());
  card.unit = "int8";
  card.text =
      absl::StrFormat("%s test images; %s before quantization (fp32).",
                      FormatInteger(output.test_images()), Percent(output.test_top1_fp32()));
  return card;
}

Card BoardCard(const SearchReport& report, const Facts& facts) {
  Card card{"Test top-1, on the board", kNotMeasured, "", "", "", std::nullopt, ""};
  if (!facts.board_top1) return card;
  card.big = Percent(*facts.board_top1);
  card.unit = "int8";
  card.text = absl::StrFormat(
      "%s of %s test images right, run on %s.", FormatInteger(report.image->correct()),
      FormatInteger(report.image->samples()), LastPart(report.image->board()));
  return card;
}

Card ExactCard(const SearchReport& report) {
  Card card{"Board against host", "not compared", "", "", "", std::nullopt, ""};
  if (!report.image || !report.image->has_exact()) return card;
  const std::string inputs = FormatInteger(report.image->inputs());
  if (report.image->exact()) {
    card.big = "Bit for bit";
    card.big_class = "good";
    card.text = absl::StrCat("All ", inputs, " outputs of the board equal the host's reference.");
    return card;
  }
  card.big = "Different";
  card.big_class = "bad";
  card.text = absl::StrCat("Of ", inputs, " outputs some differ from the host's reference.");
  return card;
}

std::string LatencyText(const SearchReport& report, const Facts& facts) {
  std::string text;
  if (facts.timing == "MODELLED") {
    absl::StrAppend(&text, "Cycles of the model ", facts.timing_model, ", not of a chip");
  } else {
    text = "By the core's cycle counter";
  }
  if (facts.measurement->clock_hz() > 0) {
    absl::StrAppendFormat(
        &text, ", at %s MHz",
        FormatDecimal(static_cast<double>(facts.measurement->clock_hz()) / 1e6, 0));
  }
  text += ".";
  const double limit = report.search.limits().latency_ms();
  if (limit > 0) absl::StrAppend(&text, " Limit ", FormatDecimal(limit, 1), " ms.");
  return text;
}

Card LatencyCard(const SearchReport& report, const Facts& facts) {
  Card card{"Latency", kNotMeasured, "", "", "", std::nullopt, ""};
  if (!facts.latency_ms) return card;
  card.big = FormatDecimal(*facts.latency_ms, 2);
  card.unit = "ms";
  if (facts.timing == "MODELLED") card.badge = facts.timing;
  const double limit = report.search.limits().latency_ms();
  if (limit > 0) card.share = *facts.latency_ms / limit;
  card.text = LatencyText(report, facts);
  return card;
}

Card MemoryCard(const std::string& title, const std::optional<int64_t>& bytes, int64_t limit,
                const std::string& parts) {
  Card card{title, kNotMeasured, "", "", "", std::nullopt, parts};
  if (!bytes) return card;
  card.big = FormatKb(*bytes);
  if (limit > 0) {
    card.unit = "of " + FormatKb(limit);
    card.share = static_cast<double>(*bytes) / static_cast<double>(limit);
  }
  return card;
}

std::string PartText(const std::string& name, const std::optional<int64_t>& bytes) {
  return absl::StrCat(name, " ", bytes ? FormatKb(*bytes) : kNotMeasured);
}

std::string Cards(const SearchReport& report, const Facts& facts) {
  const MemoryFacts& memory = facts.memory;
  const v1::Limits& limits = report.search.limits();
  const std::string sram = absl::StrCat(
      PartText("Activations", memory.arena), ", ", PartText("scratch", memory.scratch),
      "; beside it ", PartText("data", memory.data), ", ", PartText("stack", memory.stack), ".");
  const std::string flash = absl::StrCat(PartText("Weights", memory.weights), ", ",
                                         PartText("constants", memory.constants), "; beside it ",
                                         PartText("code", memory.code), ".");
  std::string html = "<div class=\"cards\">\n";
  for (const Card& card :
       {BoardCard(report, facts), HostCard(report), ExactCard(report), LatencyCard(report, facts),
        MemoryCard("SRAM of the network", memory.SramNetwork(), limits.sram_bytes(), sram),
        MemoryCard("Flash of the network", memory.FlashNetwork(), limits.flash_bytes(), flash)}) {
    html += CardHtml(card);
  }
  return html + "</div>\n";
}

std::string WinnerHtml(const v1::Candidate& winner) {
  return absl::StrCat(Paragraph(absl::StrFormat(
                          "The network: candidate %s of generation %d, %s MACs, %s parameters.",
                          LastPart(winner.name()), winner.generation(),
                          FormatInteger(winner.macs()), FormatInteger(winner.params()))),
                      Paragraph(winner.subnet(), "subnet"));
}

// Half the width of the 95 % interval of a share of `images` (normal approximation), in percent.
std::string Interval(double top1, int64_t images) {
  if (images <= 1) return "-";
  return absl::StrFormat("± %.2f%%",
                         196 * std::sqrt(top1 * (1 - top1) / static_cast<double>(images)));
}

}  // namespace

std::string Headline(const SearchReport& report, const Facts& facts) {
  if (facts.winner == nullptr) {
    std::string text = "No network was delivered.";
    if (!report.search.message().empty()) absl::StrAppend(&text, " ", report.search.message());
    return absl::StrCat("<div class=\"banner\" role=\"note\">\n", Paragraph(text), "</div>\n");
  }
  std::string message;
  if (!report.search.message().empty()) {
    message = absl::StrCat("<div class=\"banner\" role=\"note\">\n",
                           Paragraph(report.search.message()), "</div>\n");
  }
  return absl::StrCat(message, Cards(report, facts), WinnerHtml(*facts.winner));
}

std::string AccuracyTable(const SearchReport& report, const Facts& facts) {
  HtmlTable table(
      "Top-1 on the way",
      {{"network"}, {"split"}, {"top-1", true}, {"95% interval", true}, {"images", true}});
  if (facts.winner != nullptr && facts.winner->has_top1()) {
    table.AddRow({"super-network's weights, in the search", "validation",
                  Percent(facts.winner->top1()), "-", "-"});
  }
  if (report.specialized) {
    const v1::SpecializeOutput& output = *report.specialized;
    const std::string int8 = output.qat() ? "int8, quantization-aware training" : "int8";
    const std::string fp32 =
        output.kept_inherited() ? "float, not fine-tuned: that made it worse" : "fine-tuned, float";
    const int64_t images = output.test_images();
    table.AddRow({fp32, "validation", Percent(output.val_top1_fp32()), "-", "-"});
    table.AddRow({int8, "validation", Percent(output.val_top1_int8()), "-", "-"});
    if (images > 0) {
      table.AddRow({fp32, "test", Percent(output.test_top1_fp32()),
                    Interval(output.test_top1_fp32(), images), FormatInteger(images)});
      table.AddRow({absl::StrCat(int8, ", on the host"), "test", Percent(output.test_top1_int8()),
                    Interval(output.test_top1_int8(), images), FormatInteger(images)});
    }
  }
  if (facts.board_top1) {
    const int64_t images = report.image->samples();
    table.AddRow({"int8, on the board", "test", Percent(*facts.board_top1),
                  Interval(*facts.board_top1, images), FormatInteger(images)});
  }
  if (table.empty()) return Paragraph("No network was trained to its end, so there is no top-1.");
  return absl::StrCat(
      Paragraph("The search sees the validation split only; the test split is read once, for this "
                "table. The interval is what so many images can tell."),
      table.Html());
}

}  // namespace boardloop::report
