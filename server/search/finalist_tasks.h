// Finalists: the candidates that are specialized and then verified as images on a board, and who is next when none of them holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/search/search_context.h"

namespace boardloop {

// Most candidates that a search specializes, those that replaced others included.
inline constexpr size_t kMostFinalists = 16;

// Of one search, in the order in which they were asked for.
struct FinalistTasks {
  std::vector<store::Task> specializations;
  std::vector<store::Task> verifications;
};

absl::StatusOr<FinalistTasks> ReadFinalistTasks(Store& store, const std::string& search);

// The number of the candidate to specialize when no one of `specializations` holds on the board as an image: the best feasible one that was not
// specialized and is expected to meet the latency limit as an image, too. Images are a little slower than the resident networks that candidates
// are measured as; how much is seen in the verifications of those that were. None: nothing is left.
std::optional<int64_t> NextFinalist(const SearchView& view,
                                    absl::Span<const store::Task> specializations,
                                    absl::Span<const store::Task> verifications);

}  // namespace boardloop
