// Names of searches and candidates.
#pragma once

#include <cstdint>
#include <string>

namespace boardloop {

std::string CandidateName(const std::string& search, int64_t number);
// The search and the number of `searches/{search}/candidates/{number}`; -1 for anything else.
std::string SearchOfCandidate(const std::string& candidate);
int64_t CandidateNumber(const std::string& candidate);

bool IsSearchName(const std::string& name);  // "searches/" and something.

}  // namespace boardloop
