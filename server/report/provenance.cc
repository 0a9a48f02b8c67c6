#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "server/report/html.h"
#include "server/report/sections.h"

namespace boardloop::report {
namespace {

using Texts = std::map<std::string, std::string>;

std::string Percent(double top1) { return absl::StrFormat("%.2f%%", top1 * 100); }

std::string BytesOrUnknown(const std::optional<int64_t>& bytes) {
  return bytes ? FormatKb(*bytes) : "not measured";
}

Texts TextsOf(const v1::Measurement& measurement) {
  return Texts(measurement.provenance().begin(), measurement.provenance().end());
}

std::string Lookup(const v1::Measurement& measurement, const std::string& key) {
  const auto found = measurement.provenance().find(key);
  return found == measurement.provenance().end() ? "" : found->second;
}

// Which board ran which image: what makes a figure of a board repeatable.
std::string BoardSource(const v1::Measurement& measurement) {
  std::string source = measurement.board().empty() ? "board not named" : measurement.board();
  if (measurement.mode() == v1::Measurement::IMAGE) source += ", flashed image";
  if (measurement.mode() == v1::Measurement::RESIDENT) source += ", resident program";
  const std::string image = Lookup(measurement, "image_sha256");
  if (!image.empty()) absl::StrAppend(&source, " ", image);
  const std::string agent = Lookup(measurement, "agent_version");
  if (!agent.empty()) absl::StrAppend(&source, ", agent ", agent);
  return source;
}

HtmlTable FigureTable() {
  return HtmlTable("Where every figure comes from",
                   {{"figure"}, {"value", true}, {"how"}, {"source", false, true}});
}

void AddNetwork(const SearchReport& report, const Facts& facts, HtmlTable* table) {
  if (facts.winner == nullptr) return;
  const v1::Candidate& winner = *facts.winner;
  table->AddRow({"MACs", FormatInteger(winner.macs()), "counted over the graph",
                 "graph " + winner.graph_digest()});
  table->AddRow({"parameters", FormatInteger(winner.params()), "counted over the graph",
                 "graph " + winner.graph_digest()});
  if (winner.has_top1()) {
    table->AddRow(
        {"validation top-1", Percent(winner.top1()),
         "scored by a worker with the weights of the super-network",
         report.search.supernet().empty() ? "super-network not named" : report.search.supernet()});
  }
}

void AddAccuracy(const SearchReport& report, const Facts& facts, HtmlTable* table) {
  if (report.specialized && report.specialized->test_images() > 0) {
    const v1::SpecializeOutput& output = *report.specialized;
    const std::string images = FormatInteger(output.test_images()) + " test images, by a worker";
    table->AddRow(
        {"test top-1, float", Percent(output.test_top1_fp32()), images, output.model_blm()});
    table->AddRow({"test top-1, int8", Percent(output.test_top1_int8()),
                   images + (output.qat() ? ", after quantization-aware training" : ""),
                   output.model_blm()});
  }
  if (!report.image) return;
  const v1::Measurement& image = *report.image;
  if (facts.board_top1) {
    table->AddRow({"test top-1, board", Percent(*facts.board_top1),
                   FormatInteger(image.samples()) + " test images, counted on the board",
                   BoardSource(image)});
  }
  if (image.has_exact()) {
    table->AddRow(
        {"board equals host", image.exact() ? "yes" : "no",
         absl::StrFormat("%s outputs compared bit for bit with the host's reference",
                         FormatInteger(image.inputs())),
         absl::StrCat(BoardSource(image), image.outputs_sha256().empty() ? "" : ", outputs ",
                      image.outputs_sha256())});
  }
}

std::string LatencyHow(const v1::Measurement& measurement, const std::string& timing_model) {
  std::string how =
      measurement.timing() == v1::Measurement::MODELLED ? absl::StrCat("MODELLED by ", timing_model)
      : measurement.timing() == v1::Measurement::MEASURED ? "MEASURED by the core's cycle counter"
                                                          : "timing source not named";
  if (!measurement.cycles().empty()) {
    absl::StrAppendFormat(&how, ", median of %d runs", measurement.cycles_size());
  }
  return how;
}

void AddLatency(const SearchReport& report, const Facts& facts, HtmlTable* table) {
  if (facts.measurement != nullptr && facts.latency_ms) {
    table->AddRow({"latency", FormatDecimal(*facts.latency_ms, 3) + " ms",
                   LatencyHow(*facts.measurement, facts.timing_model),
                   BoardSource(*facts.measurement)});
  }
  const bool differs = report.resident && facts.measurement != &*report.resident;
  if (!differs || !report.resident->has_latency_ms()) return;
  std::string how = LatencyHow(*report.resident, facts.timing_model);
  if (facts.latency_ms && *facts.latency_ms > 0) {
    absl::StrAppendFormat(&how, "; %+.2f%% from the image",
                          100 * (report.resident->latency_ms() / *facts.latency_ms - 1));
  }
  table->AddRow({"latency in the search", FormatDecimal(report.resident->latency_ms(), 3) + " ms",
                 how, BoardSource(*report.resident)});
}

void AddMemory(const Facts& facts, HtmlTable* table) {
  const MemoryFacts& memory = facts.memory;
  const std::string plan =
      facts.winner == nullptr ? "plan not named" : "plan " + facts.winner->plan_digest();
  const std::string board = facts.measurement == nullptr ? "" : BoardSource(*facts.measurement);
  table->AddRow({"SRAM: activations", BytesOrUnknown(memory.arena), "planned", plan});
  table->AddRow({"SRAM: kernel scratch", BytesOrUnknown(memory.scratch), "planned", plan});
  table->AddRow({"SRAM: data", BytesOrUnknown(memory.data), "sections of the image", board});
  table->AddRow(
      {"SRAM: stack", BytesOrUnknown(memory.stack), "high-water mark on the board", board});
  table->AddRow(
      {"flash: weights", BytesOrUnknown(memory.weights), "as stored on the board", board});
  table->AddRow(
      {"flash: constants", BytesOrUnknown(memory.constants), "as stored on the board", board});
  table->AddRow({"flash: code", BytesOrUnknown(memory.code), "sections of the image", board});
}

std::string TextsTable(const std::string& title, const Texts& texts) {
  if (texts.empty()) return "";
  HtmlTable table(title, {{"name"}, {"value", false, true}});
  for (const auto& [name, value] : texts) table.AddRow({name, value});
  return Details(title, table.Html());
}

}  // namespace

std::string Provenance(const SearchReport& report, const Facts& facts) {
  HtmlTable table = FigureTable();
  AddNetwork(report, facts, &table);
  AddAccuracy(report, facts, &table);
  AddLatency(report, facts, &table);
  if (facts.winner != nullptr) AddMemory(facts, &table);
  const std::string figures =
      table.empty() ? Paragraph("No network was delivered, so there are no figures of one.")
                    : table.Html();
  return absl::StrCat(
      figures,
      report.image ? TextsTable("Measurement of the flashed image", TextsOf(*report.image)) : "",
      report.resident ? TextsTable("Measurement of the resident program", TextsOf(*report.resident))
                      : "",
      TextsTable("The search", report.provenance), TextsTable("Programs", report.versions));
}

}  // namespace boardloop::report
