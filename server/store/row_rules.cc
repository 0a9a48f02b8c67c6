#include "server/store/row_rules.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

constexpr char kSearches[] = "searches/";
constexpr char kCandidates[] = "/candidates/";

bool StartsWith(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

absl::Status CheckName(const std::string& name, const std::string& collection) {
  const bool valid = StartsWith(name, collection) && name.size() > collection.size() &&
                     name.find('/', collection.size()) == std::string::npos;
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("name is \"%s\", must be %s{id}", name, collection));
}

absl::Status Need(bool present, const char* field) {
  if (present) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("a row without %s", field));
}

}  // namespace

absl::StatusOr<CandidateKey> ParseCandidateName(const std::string& name) {
  CandidateKey key;
  const size_t middle = name.find(kCandidates);
  if (middle != std::string::npos && StartsWith(name, kSearches)) {
    const std::string number = name.substr(middle + sizeof(kCandidates) - 1);
    key.search = name.substr(0, middle);
    // Written back, so that "+1" and "01" are no second name of a candidate.
    if (absl::SimpleAtoi(number, &key.number) && key.number >= 1 &&
        std::to_string(key.number) == number && CheckName(key.search, kSearches).ok()) {
      return key;
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "name is \"%s\", must be searches/{search}/candidates/{number from 1}", name));
}

bool IsSearch(const std::string& name) { return StartsWith(name, kSearches); }

absl::Status CheckRow(const v1::Search& search) { return CheckName(search.name(), kSearches); }

absl::Status CheckRow(const v1::Candidate& candidate) {
  return ParseCandidateName(candidate.name()).status();
}

absl::Status CheckRow(const store::Task& task) {
  if (task.owner().empty()) return Need(false, "owner");
  if (task.kind() == store::Task::KIND_UNSPECIFIED) return Need(false, "kind");
  return Need(task.state() != store::Task::STATE_UNSPECIFIED, "state");
}

absl::Status CheckRow(const store::LateResult& late) { return Need(late.task() > 0, "task"); }

absl::Status CheckRow(const v1::Board& board) { return CheckName(board.name(), "boards/"); }

absl::Status CheckRow(const v1::Member& member) { return CheckName(member.name(), "members/"); }

absl::Status CheckRow(const v1::MeasurementJob& measurement) {
  return CheckName(measurement.name(), "measurements/");
}

absl::Status CheckRow(const store::CachedMeasurement& cached) {
  return Need(!cached.key().empty(), "key");
}

absl::Status CheckRow(const store::Predictor& predictor) {
  return Need(!predictor.board_type().empty(), "board_type");
}

absl::Status CheckRow(const v1::Event& event) { return Need(!event.subject().empty(), "subject"); }

absl::Status CheckRow(const store::Request& request) {
  return Need(!request.request_id().empty(), "request_id");
}

absl::Status CheckRow(const store::Token& token) {
  if (token.sha256().size() != 64) return Need(false, "a sha256 of 64 digits");
  return Need(token.uses() >= 1, "at least one use");
}

absl::Status CheckRow(const store::KnownIdentity& identity) {
  return Need(!identity.identity().empty(), "identity");
}

absl::Status CheckRow(const store::ArtifactRow& artifact) {
  if (artifact.sha256().empty()) return Need(false, "sha256");
  return Need(artifact.size_bytes() >= 0, "a size of at least 0");
}

}  // namespace boardloop
