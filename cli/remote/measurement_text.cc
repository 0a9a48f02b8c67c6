#include "cli/remote/measurement_text.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/remote/format.h"
#include "cli/remote/names.h"
#include "cli/size.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxName = 32;

std::string TimingText(const v1::Measurement& measurement) {
  std::string text = absl::StrFormat("%.2f ms at %g MHz, %s", measurement.latency_ms(),
                                     static_cast<double>(measurement.clock_hz()) / 1e6,
                                     v1::Measurement::Timing_Name(measurement.timing()));
  const auto model = measurement.provenance().find("timing_model");
  if (model != measurement.provenance().end()) absl::StrAppend(&text, " (", model->second, ")");
  return text;
}

std::string CyclesText(const v1::Measurement& measurement) {
  std::string text = FormatInteger(measurement.median_cycles());
  if (measurement.macs() > 0) {
    absl::StrAppendFormat(
        &text, " (%.2f per MAC)",
        static_cast<double>(measurement.median_cycles()) / static_cast<double>(measurement.macs()));
  }
  if (measurement.has_median_instructions()) {
    absl::StrAppend(&text, ", ", FormatInteger(measurement.median_instructions()), " instructions");
  }
  return text;
}

// "78,292 B: arena 76,800, stack 384", of the parts that were measured.
class ByteParts {
 public:
  void Add(const char* name, bool measured, int64_t bytes) {
    if (!measured) return;
    sum_ += bytes;
    parts_.push_back(absl::StrCat(name, " ", FormatInteger(bytes)));
  }
  std::string Text(int64_t total = -1) const {
    if (parts_.empty()) return "";
    return absl::StrCat(FormatInteger(total < 0 ? sum_ : total),
                        " B: ", absl::StrJoin(parts_, ", "));
  }

 private:
  int64_t sum_ = 0;
  std::vector<std::string> parts_;
};

std::string SramText(const v1::Measurement& m) {
  ByteParts parts;
  parts.Add("arena", m.has_arena_bytes(), m.arena_bytes());
  parts.Add("scratch", m.has_scratch_bytes(), m.scratch_bytes());
  parts.Add("data", m.has_data_bytes(), m.data_bytes());
  parts.Add("stack", m.has_stack_bytes(), m.stack_bytes());
  return parts.Text();
}

std::string FlashText(const v1::Measurement& m) {
  ByteParts parts;
  parts.Add("weights", m.has_weights_bytes(), m.weights_bytes());
  parts.Add("constants", m.has_constants_bytes(), m.constants_bytes());
  parts.Add("code", m.has_code_bytes(), m.code_bytes());
  return parts.Text(m.has_flash_bytes() ? m.flash_bytes() : -1);
}

std::string ExactText(const v1::Measurement& measurement) {
  if (!measurement.has_exact()) return "not checked";
  if (!measurement.exact()) return "NO: the board's outputs differ from the host's";
  return absl::StrFormat("yes: %d %s equal to the reference bit for bit", measurement.inputs(),
                         measurement.inputs() == 1 ? "output" : "outputs");
}

// "OK", "INFEASIBLE": the enum's names without their prefix.
std::string OutcomeName(const v1::Measurement& measurement) {
  return std::string(
      absl::StripPrefix(v1::Measurement::Outcome_Name(measurement.outcome()), "OUTCOME_"));
}

std::string OutcomeText(const v1::Measurement& measurement) {
  std::string text = OutcomeName(measurement);
  if (!measurement.message().empty()) absl::StrAppend(&text, ": ", measurement.message());
  return text;
}

// Of a job that has one; others were cancelled, or no board ran them yet.
std::string OutcomeOf(const v1::MeasurementJob& job) {
  if (job.measurement().outcome() == v1::Measurement::OUTCOME_UNSPECIFIED) return "-";
  return OutcomeName(job.measurement());
}

std::string LatencyOf(const v1::MeasurementJob& job) {
  if (!job.measurement().has_latency_ms()) return "-";
  return LatencyText(job.measurement().latency_ms());
}

}  // namespace

std::string MeasurementText(const v1::Measurement& measurement) {
  std::string text;
  AppendField("outcome", OutcomeText(measurement), &text);
  if (!measurement.board().empty()) {
    AppendField("board", absl::StrFormat("%s (%s)", measurement.board(), measurement.board_type()),
                &text);
  }
  if (measurement.has_latency_ms()) AppendField("latency", TimingText(measurement), &text);
  if (measurement.has_median_cycles()) AppendField("cycles", CyclesText(measurement), &text);
  AppendField("SRAM", SramText(measurement), &text);
  AppendField("flash", FlashText(measurement), &text);
  if (measurement.outcome() == v1::Measurement::OK) {
    AppendField("exact", ExactText(measurement), &text);
  }
  if (measurement.has_correct()) {
    AppendField("correct",
                absl::StrFormat("%d of %d images", measurement.correct(), measurement.samples()),
                &text);
  }
  return text;
}

Table OperatorsTable(const v1::Measurement& measurement) {
  Table table({{"layer", Align::kLeft},
               {"operator", Align::kLeft},
               {"kernel", Align::kLeft},
               {"MACs"},
               {"cycles"},
               {"share"}});
  int64_t total = 0;
  for (const v1::OperatorMeasurement& op : measurement.operators()) total += op.cycles();
  for (const v1::OperatorMeasurement& op : measurement.operators()) {
    const double share =
        total == 0 ? 0 : static_cast<double>(op.cycles()) / static_cast<double>(total);
    table.AddRow({Clip(op.name(), kMaxName), op.operator_(),
                  op.kernel().empty() ? "-" : op.kernel(), FormatInteger(op.macs()),
                  FormatInteger(op.cycles()), FormatShare(share)});
  }
  return table;
}

std::string MeasurementJobText(const v1::MeasurementJob& job, absl::Time now, bool layers) {
  std::string text;
  AppendField("name", job.name(), &text);
  AppendField("title", job.display_name(), &text);
  AppendField("state", v1::MeasurementJob::State_Name(job.state()), &text);
  AppendField("message", job.message(), &text);
  AppendField("waiting for", job.waiting_for(), &text);
  AppendField("board type", job.board_type(), &text);
  AppendField("model", job.model(), &text);
  AppendField("created", AgoText(job.create_time(), now), &text);
  if (job.has_measurement()) absl::StrAppend(&text, "\n", MeasurementText(job.measurement()));
  if (layers && !job.measurement().operators().empty()) {
    absl::StrAppend(&text, "\n", OperatorsTable(job.measurement()).Text());
  }
  return text;
}

Table MeasurementJobsTable(const google::protobuf::RepeatedPtrField<v1::MeasurementJob>& jobs,
                           absl::Time now) {
  Table table({{"name", Align::kLeft},
               {"state", Align::kLeft},
               {"outcome", Align::kLeft},
               {"board type", Align::kLeft},
               {"latency"},
               {"created"},
               {"title", Align::kLeft}});
  for (const v1::MeasurementJob& job : jobs) {
    // With its collection: what other commands take a name without it for is a search.
    table.AddRow({job.name(), v1::MeasurementJob::State_Name(job.state()), OutcomeOf(job),
                  job.board_type(), LatencyOf(job), AgoText(job.create_time(), now),
                  job.display_name()});
  }
  return table;
}

bool HasEnded(const v1::MeasurementJob& job) {
  return job.state() == v1::MeasurementJob::DONE || job.state() == v1::MeasurementJob::FAILED ||
         job.state() == v1::MeasurementJob::CANCELLED;
}

ExitCode ExitCodeOf(const v1::MeasurementJob& job) {
  if (job.state() == v1::MeasurementJob::CANCELLED) return ExitCode::kCancelled;
  if (job.state() != v1::MeasurementJob::DONE) return ExitCode::kJobFailed;
  switch (job.measurement().outcome()) {
    case v1::Measurement::OK:
      return ExitCode::kOk;
    case v1::Measurement::OUTCOME_INFEASIBLE:
      return ExitCode::kDoesNotFit;
    case v1::Measurement::INVALID_MODEL:
      return ExitCode::kBadInput;
    default:
      return ExitCode::kJobFailed;
  }
}

}  // namespace boardloop
