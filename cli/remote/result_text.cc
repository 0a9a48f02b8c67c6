#include "cli/remote/result_text.h"

#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/remote/format.h"
#include "cli/size.h"
#include "cli/table.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

using Json = nlohmann::json;

// The file comes from elsewhere: every field may be absent or of another kind.
class Result {
 public:
  explicit Result(Json json) : json_(std::move(json)) {}

  std::optional<double> Number(const char* pointer) const {
    const Json value = At(pointer);
    if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
    return value.get<double>();
  }
  // 0 where there is none.
  int64_t Integer(const char* pointer) const {
    constexpr double kMost = 1e15;
    const std::optional<double> number = Number(pointer);
    return number && std::abs(*number) < kMost ? static_cast<int64_t>(*number) : 0;
  }
  std::string Text(const char* pointer) const {
    const Json value = At(pointer);
    return value.is_string() ? value.get<std::string>() : "";
  }
  std::optional<bool> Flag(const char* pointer) const {
    const Json value = At(pointer);
    if (!value.is_boolean()) return std::nullopt;
    return value.get<bool>();
  }

 private:
  Json At(const char* pointer) const {
    const Json::json_pointer place(pointer);
    return json_.contains(place) ? json_.at(place) : Json();
  }

  const Json json_;
};

std::string Kilobytes(const Result& result, const char* pointer) {
  return result.Number(pointer) ? FormatKb(result.Integer(pointer)) : "";
}

std::string Refused(const Result& result, const char* pointer) {
  const std::optional<double> share = result.Number(pointer);
  return share ? FormatShare(*share) : "";
}

void AddTop1(const Result& result, Table& table) {
  if (const auto top1 = result.Number("/test_top1_int8")) {
    table.AddRow({"test top-1", Top1Text(*top1), "", "",
                  absl::StrFormat("int8, %s images, on the host; never seen by the search",
                                  FormatInteger(result.Integer("/test_images")))});
  }
  if (const auto top1 = result.Number("/board_top1")) {
    const std::optional<bool> equal = result.Flag("/board_equals_host");
    table.AddRow({"top-1 on the board", Top1Text(*top1), "", "",
                  absl::StrFormat("%s images%s", FormatInteger(result.Integer("/board_images")),
                                  !equal   ? ""
                                  : *equal ? "; every output equals the host's bit for bit"
                                           : "; outputs DIFFER from the host's")});
  }
}

void AddLatency(const Result& result, Table& table) {
  const std::optional<double> latency = result.Number("/latency_ms");
  if (!latency) return;
  const std::optional<double> limit = result.Number("/limits/latency_ms");
  std::string how = result.Text("/timing") == "MODELLED"
                        ? absl::StrCat("MODELLED (", result.Text("/timing_model"), ")")
                        : "cycle counter of the core";
  if (const int64_t clock = result.Integer("/clock_hz"); clock > 0) {
    absl::StrAppendFormat(&how, " at %.0f MHz", static_cast<double>(clock) / 1e6);
  }
  table.AddRow({"latency", LatencyText(*latency), limit ? LatencyText(*limit) : "",
                Refused(result, "/limits_refuse/latency"), how});
}

void AddMemory(const Result& result, Table& table) {
  if (result.Number("/sram/network")) {
    std::string how = "planned: arena and scratch";
    if (result.Number("/sram/stack")) {
      absl::StrAppend(&how, "; beside it data ", Kilobytes(result, "/sram/data"), ", stack ",
                      Kilobytes(result, "/sram/stack"));
    }
    table.AddRow({"SRAM", Kilobytes(result, "/sram/network"),
                  Kilobytes(result, "/limits/sram_bytes"), Refused(result, "/limits_refuse/sram"),
                  how});
  }
  if (result.Number("/flash/network")) {
    std::string how = "counted: weights and constants";
    if (result.Number("/flash/code")) {
      absl::StrAppend(&how, "; beside it code ", Kilobytes(result, "/flash/code"));
    }
    table.AddRow({"flash", Kilobytes(result, "/flash/network"),
                  Kilobytes(result, "/limits/flash_bytes"), Refused(result, "/limits_refuse/flash"),
                  how});
  }
}

void AddCandidates(const Result& result, Table& table) {
  if (!result.Number("/candidates_measured")) return;
  table.AddRow({"candidates measured", FormatInteger(result.Integer("/candidates_measured")), "",
                Refused(result, "/limits_refuse/any"),
                absl::StrFormat("of %s, %s of them within all limits",
                                FormatInteger(result.Integer("/candidates")),
                                FormatInteger(result.Integer("/candidates_feasible")))});
}

}  // namespace

absl::StatusOr<std::string> ResultText(const std::string& json) {
  Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return absl::InvalidArgumentError("result.json is not a JSON object");
  const Result result(std::move(parsed));
  Table table({{result.Text("/board_type"), Align::kLeft},
               {"found"},
               {"limit"},
               {"it refuses"},
               {"how it is known", Align::kLeft}});
  AddTop1(result, table);
  AddLatency(result, table);
  AddMemory(result, table);
  AddCandidates(result, table);
  std::string text = table.Text();
  if (const auto sampled = result.Number("/limits_refuse/sampled")) {
    absl::StrAppendFormat(&text,
                          "\"It refuses\": the share of %s random networks of the space that are "
                          "over this limit alone; below, over any.\n",
                          FormatInteger(result.Integer("/limits_refuse/sampled")));
  }
  return text;
}

}  // namespace boardloop
