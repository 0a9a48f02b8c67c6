#include "server/report/result_json.h"

#include <optional>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "nlohmann/json.hpp"
#include "server/report/facts.h"

namespace boardloop {
namespace {

using Json = nlohmann::ordered_json;
using report::Facts;
using report::MemoryFacts;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// 0 stands for "not set" in these protos.
template <typename T>
Json PositiveOrNull(T value) {
  return value > 0 ? Json(value) : Json(nullptr);
}

Json TimeOrNull(bool known, const google::protobuf::Timestamp& time) {
  if (!known) return nullptr;
  const absl::Time instant =
      absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", instant, absl::UTCTimeZone());
}

Json DatasetJson(const v1::SearchSpec& spec) {
  if (!spec.has_dataset()) return nullptr;
  return {{"kind", v1::DatasetSpec::Kind_Name(spec.dataset().kind())},
          {"path", spec.dataset().path()}};
}

// Names, in the order of the network's outputs.
Json ClassesJson(const std::optional<v1::SpecializeOutput>& specialized) {
  if (!specialized || specialized->classes().empty()) return nullptr;
  Json classes = Json::array();
  for (const std::string& name : specialized->classes()) classes.push_back(name);
  return classes;
}

Json SpaceJson(const v1::Search& search, const Facts& facts) {
  if (search.width_mult() <= 0) return nullptr;
  Json space = {{"name", search.spec().space().name()},
                {"width_mult", search.width_mult()},
                {"resolution", search.resolution()}};
  const v1::SpaceResult* found = facts.space;
  space["rank"] = found == nullptr ? Json(nullptr) : PositiveOrNull(found->rank());
  space["sampled"] = found == nullptr ? Json(nullptr) : Json(found->sampled());
  space["survivors"] = found == nullptr ? Json(nullptr) : Json(found->survivors());
  const bool known = found != nullptr && found->survivors() > 0;
  space["mean_macs"] = known ? Json(found->mean_macs()) : Json(nullptr);
  space["mean_macs_ci95"] =
      known && found->survivors() > 1 ? Json(found->mean_macs_ci95()) : Json(nullptr);
  return space;
}

Json CandidateJson(const v1::Candidate& candidate) {
  return {{"candidate", candidate.name()},
          {"subnet", candidate.subnet()},
          {"top1", candidate.has_top1() ? Json(candidate.top1()) : Json(nullptr)},
          {"latency_ms", candidate.has_latency_ms() ? Json(candidate.latency_ms()) : Json(nullptr)},
          {"sram_bytes", PositiveOrNull(candidate.planned_sram_bytes())},
          {"flash_bytes", PositiveOrNull(candidate.flash_bytes())},
          {"macs", PositiveOrNull(candidate.macs())}};
}

Json FrontJson(const Facts& facts) {
  Json front = Json::array();
  for (const v1::Candidate* candidate : facts.front) front.push_back(CandidateJson(*candidate));
  return front;
}

void AddWinner(const SearchReport& report, const Facts& facts, Json* json) {
  const v1::Candidate* winner = facts.winner;
  Json& result = *json;
  result["winner"] = winner == nullptr ? Json(nullptr) : Json(winner->subnet());
  result["winner_candidate"] = TextOrNull(report.search.winner());
  result["macs"] = winner == nullptr ? Json(nullptr) : PositiveOrNull(winner->macs());
  result["params"] = winner == nullptr ? Json(nullptr) : PositiveOrNull(winner->params());
}

void AddAccuracy(const SearchReport& report, const Facts& facts, Json* json) {
  Json& result = *json;
  const bool scored = facts.winner != nullptr && facts.winner->has_top1();
  const v1::SpecializeOutput* output = report.specialized ? &*report.specialized : nullptr;
  const bool tested = output != nullptr && output->test_images() > 0;
  result["val_top1"] = scored ? Json(facts.winner->top1()) : Json(nullptr);
  result["val_top1_fp32"] = output != nullptr ? Json(output->val_top1_fp32()) : Json(nullptr);
  result["val_top1_int8"] = output != nullptr ? Json(output->val_top1_int8()) : Json(nullptr);
  result["kept_inherited"] = output != nullptr ? Json(output->kept_inherited()) : Json(nullptr);
  result["test_top1_fp32"] = tested ? Json(output->test_top1_fp32()) : Json(nullptr);
  result["test_top1_int8"] = tested ? Json(output->test_top1_int8()) : Json(nullptr);
  result["test_images"] = tested ? Json(output->test_images()) : Json(nullptr);
  result["qat"] = output != nullptr ? Json(output->qat()) : Json(nullptr);
}

void AddBoard(const SearchReport& report, const Facts& facts, Json* json) {
  Json& result = *json;
  const v1::Measurement* image = report.image ? &*report.image : nullptr;
  result["board_images"] = image != nullptr ? PositiveOrNull(image->samples()) : Json(nullptr);
  result["board_equals_host"] =
      image != nullptr && image->has_exact() ? Json(image->exact()) : Json(nullptr);
  result["board_top1"] = OrNull(facts.board_top1);
  result["board"] =
      facts.measurement != nullptr ? TextOrNull(facts.measurement->board()) : Json(nullptr);
  result["latency_ms"] = OrNull(facts.latency_ms);
  result["resident_latency_ms"] = OrNull(facts.resident_latency_ms);
  result["predicted_latency_ms"] =
      facts.winner != nullptr && facts.winner->has_predicted_latency_ms()
          ? Json(facts.winner->predicted_latency_ms())
          : Json(nullptr);
  result["timing"] = TextOrNull(facts.timing);
  result["timing_model"] = TextOrNull(facts.timing_model);
  result["clock_hz"] =
      facts.measurement != nullptr ? PositiveOrNull(facts.measurement->clock_hz()) : Json(nullptr);
}

void AddMemory(const MemoryFacts& memory, Json* json) {
  Json& result = *json;
  result["sram"] = {{"arena", OrNull(memory.arena)},
                    {"scratch", OrNull(memory.scratch)},
                    {"data", OrNull(memory.data)},
                    {"stack", OrNull(memory.stack)},
                    {"network", OrNull(memory.SramNetwork())},
                    {"total", OrNull(memory.SramTotal())}};
  result["flash"] = {{"weights", OrNull(memory.weights)},
                     {"constants", OrNull(memory.constants)},
                     {"code", OrNull(memory.code)},
                     {"network", OrNull(memory.FlashNetwork())},
                     {"total", OrNull(memory.FlashTotal())}};
}

Json LimitsJson(const v1::Limits& limits) {
  return {{"sram_bytes", PositiveOrNull(limits.sram_bytes())},
          {"flash_bytes", PositiveOrNull(limits.flash_bytes())},
          {"latency_ms", PositiveOrNull(limits.latency_ms())}};
}

// Shares of random networks; latencies are predicted.
Json LimitSharesJson(const std::optional<v1::LimitShares>& shares) {
  if (!shares || shares->sampled() <= 0) return nullptr;
  const auto share = [&](int32_t count) { return static_cast<double>(count) / shares->sampled(); };
  return {
      {"sampled", shares->sampled()},
      {"sram", share(shares->over_sram())},
      {"flash", share(shares->over_flash())},
      {"latency", shares->has_over_latency() ? Json(share(shares->over_latency())) : Json(nullptr)},
      {"any", share(shares->over_any())}};
}

Json PredictorJson(const std::optional<PredictorStatistics>& predictor) {
  if (!predictor) return nullptr;
  return {{"measurements", predictor->measurements},
          {"error_percent", OrNull(predictor->error_percent)},
          {"pairs", predictor->pairs.size()}};
}

Json SecondsJson(const std::vector<StageSeconds>& stages) {
  Json seconds = Json::object();
  for (const StageSeconds& stage : stages) seconds[stage.stage] = stage.seconds;
  return seconds;
}

Json ProvenanceJson(const SearchReport& report) {
  Json provenance = {{"search", report.provenance}, {"image", nullptr}, {"resident", nullptr}};
  const auto copy = [](const v1::Measurement& measurement) {
    return std::map<std::string, std::string>(measurement.provenance().begin(),
                                              measurement.provenance().end());
  };
  if (report.image) provenance["image"] = copy(*report.image);
  if (report.resident) provenance["resident"] = copy(*report.resident);
  return provenance;
}

Json DeliverablesJson(const v1::Search& search) {
  Json files = Json::object();
  for (const v1::Deliverable& file : search.deliverables()) {
    files[file.file_name()] = {{"artifact", file.artifact()}, {"size_bytes", file.size_bytes()}};
  }
  return files;
}

void AddSearch(const SearchReport& report, Json* json) {
  const v1::Search& search = report.search;
  Json& result = *json;
  result["search"] = search.name();
  result["display_name"] = TextOrNull(search.display_name());
  result["state"] = v1::Search::State_Name(search.state());
  result["message"] = TextOrNull(search.message());
  result["create_time"] = TimeOrNull(search.has_create_time(), search.create_time());
  result["end_time"] = TimeOrNull(search.has_end_time(), search.end_time());
  result["seed"] = search.spec().seed();
  result["dataset"] = DatasetJson(search.spec());
  result["classes"] = ClassesJson(report.specialized);
  result["board_type"] = TextOrNull(report.board.name);
  result["limits"] = LimitsJson(search.limits());
}

void AddCandidates(const SearchReport& report, const Facts& facts, Json* json) {
  Json& result = *json;
  result["candidates"] = report.candidates.size();
  result["candidates_scored"] = facts.scored;
  result["candidates_measured"] = facts.measured;
  result["candidates_cached"] = facts.cached;
  result["candidates_feasible"] = facts.feasible;
  result["candidates_infeasible"] = facts.infeasible;
  result["candidates_failed"] = facts.failed;
}

}  // namespace

std::string ResultJson(const SearchReport& report) {
  const Facts facts = report::GatherFacts(report);
  Json json;
  json["version"] = 1;
  AddSearch(report, &json);
  AddWinner(report, facts, &json);
  AddAccuracy(report, facts, &json);
  AddBoard(report, facts, &json);
  AddMemory(facts.memory, &json);
  json["space"] = SpaceJson(report.search, facts);
  json["limits_refuse"] = LimitSharesJson(report.limit_shares);
  AddCandidates(report, facts, &json);
  json["front"] = FrontJson(facts);
  json["predictor"] = PredictorJson(report.predictor);
  json["deliverables"] = DeliverablesJson(report.search);
  json["seconds"] = SecondsJson(report.seconds);
  json["versions"] = report.versions;
  json["provenance"] = ProvenanceJson(report);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace boardloop
