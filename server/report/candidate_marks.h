// Candidates as marks of a drawing: which are drawn, and what is said of one when it is pointed at.
// A mark carries the number of its candidate; its text stands once on the page, in a JSON object,
// because each candidate has marks in several drawings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/report/facts.h"

namespace boardloop::report {

struct DrawnCandidate {
  const v1::Candidate* candidate = nullptr;
  size_t number = 0;  // Index into SearchReport::candidates, plus 1.
};

// A page with more marks is slow to point at on a phone.
inline constexpr size_t kMaxDrawnCandidates = 4000;

// All candidates up to `most`; beyond it the winner, the front, and an even sample of the others. In
// the order of creation.
std::vector<DrawnCandidate> ChooseDrawn(const SearchReport& report, const Facts& facts,
                                        size_t most = kMaxDrawnCandidates);

// A sentence for the figures when not all are drawn, else empty.
std::string DrawnNote(const SearchReport& report, const std::vector<DrawnCandidate>& drawn);

// The attribute that ties a mark to its text.
std::string CandidateMark(size_t number);

// Its name on the first line, then a figure on each; what is not known is left out.
std::string CandidateText(const v1::Candidate& candidate, const Facts& facts);

// {"1": text, ...} for a <script> element: no '<', '>' or '&' is in it.
std::string CandidateTexts(const std::vector<DrawnCandidate>& drawn, const Facts& facts);

// "measured" or "modelled": how the latencies of a search came about; empty when none did.
std::string TimingWord(const SearchReport& report, const Facts& facts);

}  // namespace boardloop::report
