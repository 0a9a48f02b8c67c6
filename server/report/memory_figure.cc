#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "server/report/figures.h"
#include "server/report/html.h"
#include "server/report/plot.h"

namespace boardloop::report {
namespace {

using Bytes = std::optional<int64_t>;

struct Part {
  std::string title;
  std::string css_class;
  Bytes bytes;
};

struct Row {
  std::string title;
  std::vector<Part> parts;
  Bytes total;
  int64_t allowed = 0;  // 0: not known.
  std::string allowed_by;
};

std::vector<Row> Rows(const SearchReport& report, const MemoryFacts& memory) {
  const v1::Limits& limits = report.search.limits();
  const Reserves& reserves = report.board.reserves;
  return {{"SRAM: network",
           {{"activations", "blue", memory.arena}, {"kernel scratch", "orange", memory.scratch}},
           memory.SramNetwork(),
           limits.sram_bytes(),
           "limit of the search"},
          {"SRAM: data",
           {{"data", "green", memory.data}},
           memory.data,
           reserves.data_bytes,
           "reserve of the board type"},
          {"SRAM: stack",
           {{"stack", "purple", memory.stack}},
           memory.stack,
           reserves.stack_bytes,
           "reserve of the board type"},
          {"flash: network",
           {{"weights", "blue", memory.weights}, {"constants", "orange", memory.constants}},
           memory.FlashNetwork(),
           limits.flash_bytes(),
           "limit of the search"},
          {"flash: code",
           {{"code", "green", memory.code}},
           memory.code,
           reserves.code_bytes,
           "reserve of the board type"}};
}

double Share(int64_t bytes, int64_t allowed) {
  return 100.0 * static_cast<double>(bytes) / static_cast<double>(allowed);
}

double LargestShare(const std::vector<Row>& rows) {
  double largest = 100;
  for (const Row& row : rows) {
    if (row.total && row.allowed > 0) largest = std::max(largest, Share(*row.total, row.allowed));
  }
  return largest;
}

std::string RowText(const Row& row, bool narrow) {
  if (!row.total) return "not measured";
  if (row.allowed <= 0) return FormatKb(*row.total);
  if (narrow) return absl::StrFormat("%.0f%%", Share(*row.total, row.allowed));
  return absl::StrFormat("%s of %s", FormatKb(*row.total), FormatKb(row.allowed));
}

void DrawBar(const Row& row, double top, double height, Plot* plot) {
  double from = 0;
  for (const Part& part : row.parts) {
    if (!part.bytes || row.allowed <= 0) continue;
    const double to = from + Share(*part.bytes, row.allowed);
    const std::string tip =
        absl::StrCat(row.title, "\n", part.title, " ", FormatInteger(*part.bytes), " B");
    plot->svg().Rect({plot->X(from), top}, plot->X(to) - plot->X(from), height,
                     "m fill-" + part.css_class, Attribute("data-tip", tip));
    from = to;
  }
}

std::string Draw(const Canvas& canvas, const std::vector<Row>& rows) {
  constexpr double kRow = 34;
  constexpr double kBar = 18;
  Margins margins;
  margins.left = canvas.narrow ? 102 : 112;
  margins.right = canvas.narrow ? 46 : 150;
  const double height = margins.top + kRow * static_cast<double>(rows.size()) + margins.bottom;
  PlotAxis y;
  y.low = 0;
  y.high = 1;
  Plot plot(canvas, height, margins,
            {canvas.narrow ? "memory-n" : "memory-w", "Memory of the network",
             "Bars: what each part of memory takes of what it may take. The table below has the "
             "numbers."},
            NumberAxis("share of what is allowed (%)", 0, LargestShare(rows) * 1.02,
                       canvas.narrow ? 4 : 10),
            y);
  for (size_t i = 0; i < rows.size(); ++i) {
    const double top = plot.top() + kRow * static_cast<double>(i) + (kRow - kBar) / 2;
    plot.svg().Text({plot.left() - 8, top + 13}, rows[i].title, "tick", Anchor::kEnd);
    DrawBar(rows[i], top, kBar, &plot);
    plot.svg().Text({plot.right() + 8, top + 13}, RowText(rows[i], canvas.narrow), "value",
                    Anchor::kStart);
  }
  plot.svg().Line({plot.X(100), plot.top()}, {plot.X(100), plot.bottom()}, "limit");
  return std::move(plot).Finish();
}

std::string NumbersTable(const std::vector<Row>& rows) {
  HtmlTable table("Memory by part",
                  {{"memory"}, {"part"}, {"bytes", true}, {"kB", true}, {"allowed", true}, {"by"}});
  for (const Row& row : rows) {
    for (const Part& part : row.parts) {
      table.AddRow({row.title, part.title, part.bytes ? FormatInteger(*part.bytes) : "not measured",
                    part.bytes ? FormatDecimal(static_cast<double>(*part.bytes) / 1024, 1) : "",
                    row.allowed > 0 ? FormatKb(row.allowed) : "no limit", row.allowed_by});
    }
  }
  return table.Html();
}

}  // namespace

std::string MemoryFigure(const SearchReport& report, const Facts& facts) {
  const std::vector<Row> rows = Rows(report, facts.memory);
  const std::string text =
      "Each bar is filled up to what the part takes of what it may take: the network of the limits "
      "of "
      "the search, the program around it of the reserves of the board type. kB = 1024 bytes.";
  const std::string legend = Legend({{Swatch::kBox, "fill-blue", "activations, weights"},
                                     {Swatch::kBox, "fill-orange", "kernel scratch, constants"},
                                     {Swatch::kBox, "fill-green", "program data, code"},
                                     {Swatch::kBox, "fill-purple", "stack, high-water mark"},
                                     {Swatch::kLine, "limit", "limit"}});
  const bool any = std::any_of(rows.begin(), rows.end(), [](const Row& row) {
    return row.total.has_value() && row.allowed > 0;
  });
  return absl::StrCat(Paragraph(text),
                      any ? Drawing(legend, Draw(kWide, rows), Draw(kNarrow, rows)) : "",
                      Details("Memory in numbers", NumbersTable(rows)));
}

}  // namespace boardloop::report
