#include "server/metrics/labels.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "core/board/board_type.h"

namespace boardloop {
namespace {

std::string Lower(const std::string& name) { return absl::AsciiStrToLower(name); }

}  // namespace

std::string LabelOf(store::Task::Kind kind) { return Lower(store::Task::Kind_Name(kind)); }
std::string LabelOf(v1::Search::State state) { return Lower(v1::Search::State_Name(state)); }
std::string LabelOf(v1::Search::Stage stage) { return Lower(v1::Search::Stage_Name(stage)); }
std::string LabelOf(v1::Candidate::State state) { return Lower(v1::Candidate::State_Name(state)); }
std::string LabelOf(v1::Board::State state) { return Lower(v1::Board::State_Name(state)); }
std::string LabelOf(v1::Member::Kind kind) { return Lower(v1::Member::Kind_Name(kind)); }
std::string LabelOf(v1::Member::State state) { return Lower(v1::Member::State_Name(state)); }

std::string LabelOf(v1::Measurement::Outcome outcome) {
  const std::string name = v1::Measurement::Outcome_Name(outcome);
  return Lower(std::string(absl::StripPrefix(name, "OUTCOME_")));
}

std::string StepLabel(const std::string& step) {
  static const auto& labels = *new std::map<std::string, std::string>{
      {"generate", "prepare"}, {"load", "prepare"}, {"build", "build"}, {"image", "build"},
      {"flash", "flash"},      {"boot", "boot"},    {"run", "run"},     {"check", "read"}};
  const auto label = labels.find(step);
  return label == labels.end() ? "other" : label->second;
}

std::vector<std::string> StepLabels() {
  return {"prepare", "build", "flash", "boot", "run", "read", "other"};
}

std::vector<std::string> MeasurableBoardTypes() {
  std::vector<std::string> names;
  for (const std::string& name : BoardTypeNames()) {
    const absl::StatusOr<BoardType> type = LoadBoardType(name);
    if (type.ok() && type->support.has_value()) names.push_back(name);
  }
  return names;
}

}  // namespace boardloop
