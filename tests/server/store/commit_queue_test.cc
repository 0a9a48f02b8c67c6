#include "server/store/commit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

const Work kNothing = [](Transaction&) { return absl::OkStatus(); };

// Callers on threads of their own; joined at the end of its life.
class Callers {
 public:
  explicit Callers(CommitQueue& queue) : queue_(queue) {}
  ~Callers() {
    for (std::thread& thread : threads_) thread.join();
  }
  void Call(CommitQueue::Kind kind, absl::StatusCode expected) {
    threads_.emplace_back(
        [this, kind, expected] { EXPECT_THAT(queue_.Run(kind, kNothing), StatusIs(expected)); });
  }

 private:
  CommitQueue& queue_;
  std::vector<std::thread> threads_;
};

TEST(CommitQueueTest, ACallerGetsTheStatusOfItsCall) {
  CommitQueue queue(64);
  Callers callers(queue);
  callers.Call(CommitQueue::Kind::kWrite, absl::StatusCode::kAborted);
  CommitQueue::Batch batch = queue.Take(/*wait=*/true);
  ASSERT_EQ(batch.writes.size(), 1u);
  EXPECT_EQ(batch.writes[0]->work, &kNothing);
  queue.End(batch.writes[0], absl::AbortedError("lost"));
}

TEST(CommitQueueTest, ABatchIsBoundedAndTheRestComesNext) {
  CommitQueue queue(2);
  Callers callers(queue);
  for (int i = 0; i < 5; ++i) callers.Call(CommitQueue::Kind::kWrite, absl::StatusCode::kOk);
  for (size_t ended = 0; ended < 5;) {
    CommitQueue::Batch batch = queue.Take(/*wait=*/true);
    EXPECT_GE(batch.writes.size(), 1u);
    EXPECT_LE(batch.writes.size(), 2u);
    for (CommitQueue::Call* call : batch.writes) queue.End(call, absl::OkStatus());
    ended += batch.writes.size();
  }
}

TEST(CommitQueueTest, ReadsWritesAndBackupsComeApart) {
  CommitQueue queue(64);
  Callers callers(queue);
  callers.Call(CommitQueue::Kind::kRead, absl::StatusCode::kOk);
  callers.Call(CommitQueue::Kind::kWrite, absl::StatusCode::kOk);
  std::thread backup([&] { EXPECT_THAT(queue.Backup("a/path"), IsOk()); });
  size_t reads = 0, writes = 0, backups = 0;
  while (reads + writes + backups < 3) {
    CommitQueue::Batch batch = queue.Take(/*wait=*/true);
    reads += batch.reads.size();
    writes += batch.writes.size();
    backups += batch.backups.size();
    for (CommitQueue::Call* call : batch.backups) EXPECT_EQ(call->path, "a/path");
    for (auto* calls : {&batch.reads, &batch.writes, &batch.backups}) {
      for (CommitQueue::Call* call : *calls) queue.End(call, absl::OkStatus());
    }
  }
  EXPECT_EQ(reads, 1u);
  EXPECT_EQ(writes, 1u);
  EXPECT_EQ(backups, 1u);
  backup.join();
}

TEST(CommitQueueTest, WithoutWaitingThereMayBeNothing) {
  CommitQueue queue(64);
  const CommitQueue::Batch batch = queue.Take(/*wait=*/false);
  EXPECT_TRUE(batch.reads.empty() && batch.writes.empty() && batch.backups.empty());
  EXPECT_FALSE(batch.closed);
}

TEST(CommitQueueTest, AClosedQueueRefusesCalls) {
  CommitQueue queue(64);
  queue.Close();
  EXPECT_TRUE(queue.Take(/*wait=*/true).closed);
  EXPECT_THAT(queue.Run(CommitQueue::Kind::kWrite, kNothing),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace boardloop
