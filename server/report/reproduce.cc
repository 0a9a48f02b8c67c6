#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "core/base/text.h"
#include "google/protobuf/util/json_util.h"
#include "server/report/html.h"
#include "server/report/sections.h"

namespace boardloop::report {
namespace {

// EscapeHtml takes one line; this one keeps line breaks.
std::string EscapeLines(const std::string& text) {
  std::string html;
  size_t from = 0;
  while (from <= text.size()) {
    const size_t end = std::min(text.find('\n', from), text.size());
    absl::StrAppend(&html, from == 0 ? "" : "\n", EscapeHtml(text.substr(from, end - from)));
    from = end + 1;
  }
  return html;
}

std::string SpecJson(const v1::SearchSpec& spec) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(spec, &json, options);
  return status.ok() ? json : absl::StrCat("not printable as JSON: ", status.ToString());
}

std::string Duration(double seconds) {
  if (seconds < 60) return FormatDecimal(seconds, 1) + " s";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) return absl::StrFormat("%d min %02d s", whole / 60, whole % 60);
  return absl::StrFormat("%s h %02d min", FormatInteger(whole / 3600), whole / 60 % 60);
}

std::string StageTable(const std::vector<StageSeconds>& stages) {
  if (stages.empty()) return "";
  double total = 0;
  for (const StageSeconds& stage : stages) total += stage.seconds;
  HtmlTable table("Duration of each stage", {{"stage"}, {"duration", true}, {"share", true}});
  for (const StageSeconds& stage : stages) {
    table.AddRow({stage.stage, Duration(stage.seconds),
                  total > 0 ? FormatShare(stage.seconds / total) : "-"});
  }
  table.AddRow({"together", Duration(total), ""});
  return absl::StrCat("<h3>How long it took</h3>\n", table.Html());
}

}  // namespace

std::string Reproduce(const SearchReport& report) {
  const v1::SearchSpec& spec = report.search.spec();
  return absl::StrCat(
      Paragraph(absl::StrFormat("Seed %u. A search is a function of its spec and of the numbers "
                                "that boards and workers return: "
                                "submitted again with this seed and the same super-network, it "
                                "draws the same candidates in "
                                "the same order, and with equal numbers delivers the same network.",
                                spec.seed())),
      report.search.supernet().empty()
          ? ""
          : Paragraph("Super-network: " + report.search.supernet(), "subnet"),
      Details("The spec of this search, as JSON",
              absl::StrCat("<pre tabindex=\"0\">", EscapeLines(SpecJson(spec)), "</pre>\n")),
      StageTable(report.seconds));
}

std::string Delivered(const SearchReport& report) {
  if (report.search.deliverables().empty()) {
    return Paragraph("Nothing beside this report was delivered.");
  }
  HtmlTable table("Files", {{"file"}, {"bytes", true}, {"artifact", false, true}});
  for (const v1::Deliverable& file : report.search.deliverables()) {
    table.AddRow({file.file_name(), FormatInteger(file.size_bytes()), file.artifact()});
  }
  return table.Html();
}

}  // namespace boardloop::report
