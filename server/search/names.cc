#include "server/search/names.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace boardloop {
namespace {

constexpr char kSearches[] = "searches/";
constexpr char kCandidates[] = "/candidates/";

}  // namespace

std::string CandidateName(const std::string& search, int64_t number) {
  return absl::StrCat(search, kCandidates, number);
}

std::string SearchOfCandidate(const std::string& candidate) {
  return candidate.substr(0, candidate.find(kCandidates));
}

int64_t CandidateNumber(const std::string& candidate) {
  const size_t at = candidate.find(kCandidates);
  int64_t number = -1;
  if (at == std::string::npos ||
      !absl::SimpleAtoi(candidate.substr(at + sizeof(kCandidates) - 1), &number)) {
    return -1;
  }
  return number;
}

bool IsSearchName(const std::string& name) {
  return absl::StartsWith(name, kSearches) && name.size() > sizeof(kSearches) - 1;
}

}  // namespace boardloop
