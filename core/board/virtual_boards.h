// Virtual boards as people ask for them: --virtual TYPE[:N] of `boardloop up` and `boardloop-agent serve`.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

struct VirtualBoards {
  std::string type;  // As LoadBoardType takes it.
  int count = 1;     // In [1, 64].
};

// Reads "virtual-stm32f405:2".
//
// INVALID_ARGUMENT  not of this form, or no virtual board's type
// NOT_FOUND         no such board type, as LoadBoardType
absl::StatusOr<VirtualBoards> ParseVirtualBoards(const std::string& text);

}  // namespace boardloop
