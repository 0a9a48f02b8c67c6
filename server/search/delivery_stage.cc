#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/artifact_name.h"
#include "core/base/status.h"
#include "server/report/report_html.h"
#include "server/report/result_json.h"
#include "server/search/candidate_tasks.h"
#include "server/search/search_report.h"
#include "server/search/stages.h"
#include "server/store/artifact_references.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

absl::Status Add(const SearchContext& context, const std::string& file_name,
                 const std::string& artifact, std::vector<v1::Deliverable>& deliverables) {
  BL_ASSIGN_OR_RETURN(const std::string sha256, ArtifactSha256(artifact));
  BL_ASSIGN_OR_RETURN(const std::optional<store::ArtifactRow> row, context.artifacts.Find(sha256));
  if (!row.has_value()) {
    return absl::DataLossError(absl::StrCat(file_name, " is gone: there is no ", artifact));
  }
  v1::Deliverable& deliverable = deliverables.emplace_back();
  deliverable.set_file_name(file_name);
  deliverable.set_artifact(artifact);
  deliverable.set_size_bytes(row->size_bytes());
  return absl::OkStatus();
}

absl::Status AddText(const SearchContext& context, const std::string& search,
                     const std::string& file_name, const std::string& text,
                     std::vector<v1::Deliverable>& deliverables) {
  BL_ASSIGN_OR_RETURN(const store::ArtifactRow row, context.artifacts.Put(text, search));
  return Add(context, file_name, ArtifactName(row.sha256()), deliverables);
}

}  // namespace

absl::Status DeliveryStage(const SearchContext& context, const SearchView& view) {
  BL_ASSIGN_OR_RETURN(const WinnerOutputs winner, ReadWinner(context, view));
  const v1::SpecializeOutput& specialized = winner.specialized;
  std::vector<v1::Deliverable> deliverables;
  const std::pair<const char*, std::string> files[] = {
      {"model.tflite", specialized.model_tflite()},  {"model.onnx", specialized.model_onnx()},
      {"model.blm", specialized.model_blm()},        {"samples.bls", specialized.samples()},
      {"library.tar.gz", winner.measured.library()}, {"firmware.elf", winner.measured.firmware()},
      {"supernet.blc", view.search.supernet()},
  };
  for (const auto& [file_name, artifact] : files) {
    BL_RETURN_IF_ERROR(Add(context, file_name, artifact, deliverables));
  }
  // The report tells of a search that has succeeded, which it has when the report is there.
  SearchView finished = view;
  finished.search.set_state(v1::Search::SUCCEEDED);
  finished.search.set_stage(v1::Search::DONE);
  *finished.search.mutable_end_time() = ToTimestamp(context.clock.Now());
  *finished.search.mutable_deliverables() = {deliverables.begin(), deliverables.end()};
  BL_ASSIGN_OR_RETURN(const SearchReport report, MakeReport(context, finished, winner));
  const std::string& name = view.search.name();
  BL_RETURN_IF_ERROR(AddText(context, name, "result.json", ResultJson(report), deliverables));
  BL_RETURN_IF_ERROR(AddText(context, name, "report.html", ReportHtml(report), deliverables));

  return UpdateSearch(context, name, [&](Transaction& tx, v1::Search& row) -> absl::Status {
    for (const v1::Deliverable& deliverable : deliverables) {
      BL_RETURN_IF_ERROR(ReferToArtifact(tx, deliverable.artifact(), name));
    }
    *row.mutable_deliverables() = {deliverables.begin(), deliverables.end()};
    row.set_state(v1::Search::SUCCEEDED);
    row.set_stage(v1::Search::DONE);
    *row.mutable_end_time() = finished.search.end_time();
    return AddEvent(tx, context.clock.Now(), name, "SEARCH_SUCCEEDED", row.winner());
  });
}

}  // namespace boardloop
