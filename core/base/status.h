// Errors: what can fail returns absl::Status or absl::StatusOr<T>. The macros pass an error on, and
// Annotate says what the caller was doing when it met it.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace boardloop {

// Prepends "`context`: " to the message of an error and keeps its code; OK stays OK.
inline absl::Status Annotate(const absl::Status& status, const std::string& context) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(context, ": ", std::string(status.message())));
}

namespace internal {
inline const absl::Status& ToStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}
}  // namespace internal

}  // namespace boardloop

// Returns from the enclosing function when `expr` is an error.
#define BL_RETURN_IF_ERROR(expr)           \
  do {                                     \
    absl::Status bl_status = (expr);       \
    if (!bl_status.ok()) return bl_status; \
  } while (false)

#define BL_STATUS_CONCAT_INNER(a, b) a##b
#define BL_STATUS_CONCAT(a, b) BL_STATUS_CONCAT_INNER(a, b)

// BL_ASSIGN_OR_RETURN(Graph graph, ImportTflite(bytes));
#define BL_ASSIGN_OR_RETURN(lhs, expr) \
  BL_ASSIGN_OR_RETURN_IMPL(BL_STATUS_CONCAT(bl_status_or_, __LINE__), lhs, expr)
#define BL_ASSIGN_OR_RETURN_IMPL(temp, lhs, expr)               \
  auto temp = (expr);                                           \
  if (!temp.ok()) return ::boardloop::internal::ToStatus(temp); \
  lhs = std::move(temp).value()
