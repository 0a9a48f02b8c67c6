// Whose an error is. The coordinator tries a task elsewhere when the member failed, and never again when the task itself is
// impossible.
#pragma once

#include "absl/status/status.h"
#include "boardloop/v1/task.pb.h"

namespace boardloop {

// An error that another member need not have, whatever its code: of this machine's data set, disk or memory.
absl::Status OfMember(const absl::Status& status);

// INVALID_ARGUMENT, UNIMPLEMENTED and OUT_OF_RANGE (a loss that is not a number), which everybody would meet.
bool IsOfTask(const absl::Status& status);

// INVALID for what IsOfTask, MEMBER_FAILED for all others. `status` is an error, and not CANCELLED.
v1::TaskResult FailedResult(const absl::Status& status);

}  // namespace boardloop
