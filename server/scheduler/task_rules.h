// The life of a task: what each event makes of its row. Pure functions; the scheduler runs them in transactions.
#pragma once

#include <cstdint>
#include <string>

#include "boardloop/v1/task.pb.h"
#include "server/store/rows.pb.h"

namespace boardloop {

struct TaskLimits {
  int32_t attempts = 5;  // Reported failures until a task fails for good.
  // Vanished holders until it fails. More than attempts: a kill of our own programs is nobody's fault.
  int32_t losses = 10;
  int32_t boards = 3;  // Boards that a candidate may fail on until it is infeasible.
};

// Whose a result's failure is.
enum class Fault { kNone, kCandidate, kBoard, kMember, kTask };
Fault FaultOf(const v1::TaskResult& result);
// "candidate", "board", ...
const char* FaultName(Fault fault);

// The why of a result, of its measurement where it has one.
std::string MessageOf(const v1::TaskResult& result);

bool IsActive(const store::Task& task);  // QUEUED or RUNNING.

// QUEUED -> RUNNING, one epoch on.
void GrantTask(store::Task& task, const std::string& member, const std::string& instance,
               const std::string& board, int64_t now_ms);

// RUNNING, and a result of the current epoch came: DONE, FAILED, or QUEUED for another attempt. A candidate that fails on
// `limits.boards` boards, or always where there are fewer, is DONE: that it fails is its result.
void FinishTask(store::Task& task, const v1::TaskResult& result, const TaskLimits& limits,
                int64_t now_ms);

// RUNNING, and the holder vanished: QUEUED, or FAILED after too many.
void LoseTask(store::Task& task, const TaskLimits& limits, int64_t now_ms);

// RUNNING, and handed back or never received: QUEUED, as if it had not been granted.
void ReturnTask(store::Task& task);

// QUEUED or RUNNING -> CANCELLED.
void CancelTask(store::Task& task, int64_t now_ms);

}  // namespace boardloop
