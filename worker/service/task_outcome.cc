#include "worker/service/task_outcome.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr size_t kMaxMessage = 4096;  // Names of files and classes may be long, and many.

}  // namespace

bool IsOfTask(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsUnimplemented(status) ||
         absl::IsOutOfRange(status);
}

absl::Status OfMember(const absl::Status& status) {
  if (!IsOfTask(status)) return status;
  return absl::FailedPreconditionError(status.message());
}

v1::TaskResult FailedResult(const absl::Status& status) {
  v1::TaskResult result;
  result.set_outcome(IsOfTask(status) ? v1::TaskResult::INVALID : v1::TaskResult::MEMBER_FAILED);
  // Valid UTF-8, or the message could not be read at the other end.
  result.set_message(Printable(std::string(status.message().substr(0, kMaxMessage))));
  return result;
}

}  // namespace boardloop
