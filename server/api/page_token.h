// Page tokens: where a list goes on, for the query that they were given for and no other.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

// Page sizes (AIP-158): 0 stands for `standard`, more than 1000 is cut.
//
// INVALID_ARGUMENT  negative
absl::StatusOr<int32_t> PageSize(int32_t asked, int32_t standard);

// `query` is everything that selects the list but size and token; `position` that of the last row given.
std::string MakePageToken(const std::string& query, int64_t position);

// 0 for an empty token: the beginning.
//
// INVALID_ARGUMENT  not a token, or one of another query
absl::StatusOr<int64_t> ParsePageToken(const std::string& token, const std::string& query);

}  // namespace boardloop
