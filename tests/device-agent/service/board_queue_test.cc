#include "device-agent/service/board_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace boardloop {
namespace {

v1::Grant Grant(const std::string& task, int64_t epoch = 1) {
  v1::Grant grant;
  grant.set_task(task);
  grant.set_epoch(epoch);
  return grant;
}

class BoardQueueTest : public testing::Test {
 protected:
  // What the thread that prepares does with one task.
  std::string PrepareNext() {
    const std::optional<v1::Grant> grant = queue_.AwaitGrant();
    if (!grant.has_value()) return "stopped";
    queue_.PutPrepared({});
    return grant->task();
  }
  // What the board does next.
  std::string WorkNext() {
    const std::optional<BoardWork> work = queue_.AwaitWork();
    if (!work.has_value()) return "stopped";
    return work->check != 0 ? "check " + std::to_string(work->check) : work->grant.task();
  }

  BoardQueue queue_;
};

TEST_F(BoardQueueTest, TasksLeaveInTheOrderOfTheirGrants) {
  queue_.Add(Grant("a"));
  queue_.Add(Grant("b"));
  EXPECT_EQ(PrepareNext(), "a");
  EXPECT_EQ(WorkNext(), "a");
  EXPECT_EQ(PrepareNext(), "b");
  EXPECT_EQ(WorkNext(), "b");
}

TEST_F(BoardQueueTest, OneIsPreparedAheadAndTheNextWhenTheBoardHasTakenIt) {
  queue_.Add(Grant("a"));
  queue_.Add(Grant("b"));
  EXPECT_EQ(PrepareNext(), "a");
  std::string next;
  std::thread preparing([&] { next = PrepareNext(); });  // Waits, for the board.
  EXPECT_EQ(WorkNext(), "a");
  preparing.join();
  EXPECT_EQ(next, "b");

  queue_.Add(Grant("c"));
  std::thread waiting([&] { next = PrepareNext(); });
  queue_.Stop();  // Nobody has taken b.
  waiting.join();
  EXPECT_EQ(next, "stopped");
}

TEST_F(BoardQueueTest, WhatWasPreparedComesWithItsGrant) {
  queue_.Add(Grant("a", 7));
  ASSERT_TRUE(queue_.AwaitGrant().has_value());
  PreparedTask prepared;
  prepared.library = "bytes";
  queue_.PutPrepared(std::move(prepared));
  const std::optional<BoardWork> work = queue_.AwaitWork();
  ASSERT_TRUE(work.has_value());
  EXPECT_EQ(work->grant.epoch(), 7);
  EXPECT_EQ(work->prepared.library, "bytes");
}

TEST_F(BoardQueueTest, ATaskThatWaitsIsGivenUp) {
  queue_.Add(Grant("a"));
  queue_.Add(Grant("b"));
  queue_.GiveUp("a", 1);
  EXPECT_EQ(PrepareNext(), "b");
}

TEST_F(BoardQueueTest, ATaskThatIsBeingPreparedIsGivenUpAndTheNextOneIsPrepared) {
  queue_.Add(Grant("a"));
  queue_.Add(Grant("b"));
  ASSERT_TRUE(queue_.AwaitGrant().has_value());
  queue_.GiveUp("a", 1);
  queue_.PutPrepared({});
  EXPECT_EQ(PrepareNext(), "b");
  EXPECT_EQ(WorkNext(), "b");
}

TEST_F(BoardQueueTest, APreparedTaskIsGivenUpAndTheNextOneIsPrepared) {
  queue_.Add(Grant("a"));
  queue_.Add(Grant("b"));
  EXPECT_EQ(PrepareNext(), "a");
  queue_.GiveUp("a", 1);
  EXPECT_EQ(PrepareNext(), "b");
  EXPECT_EQ(WorkNext(), "b");
}

TEST_F(BoardQueueTest, OfATaskGrantedAgainOnlyTheEpochMeantIsGivenUp) {
  queue_.Add(Grant("a", 1));
  queue_.Add(Grant("a", 2));
  EXPECT_EQ(PrepareNext(), "a");
  queue_.GiveUp("a", 3);  // Nobody has it.
  queue_.GiveUp("a", 1);
  ASSERT_EQ(PrepareNext(), "a");
  EXPECT_EQ(queue_.AwaitWork()->grant.epoch(), 2);
}

TEST_F(BoardQueueTest, AGrantThatComesBackWhileItsFirstIsPreparedIsATaskOfItsOwn) {
  queue_.Add(Grant("a", 1));
  ASSERT_TRUE(queue_.AwaitGrant().has_value());
  queue_.GiveUp("a", 1);
  queue_.Add(Grant("a", 2));
  queue_.PutPrepared({});  // Of epoch 1.
  const std::optional<v1::Grant> again = queue_.AwaitGrant();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->epoch(), 2);
}

TEST_F(BoardQueueTest, ACheckComesBeforeAPreparedTaskAndOnce) {
  queue_.Add(Grant("a"));
  EXPECT_EQ(PrepareNext(), "a");
  queue_.Check(5);
  EXPECT_EQ(WorkNext(), "check 5");
  queue_.Check(5);  // Ordered until it is reported.
  EXPECT_EQ(WorkNext(), "a");
  queue_.Check(6);
  EXPECT_EQ(WorkNext(), "check 6");
}

TEST_F(BoardQueueTest, StoppedNothingLeaves) {
  queue_.Add(Grant("a"));
  queue_.Add(Grant("b"));
  EXPECT_EQ(PrepareNext(), "a");
  queue_.Check(5);
  queue_.Stop();
  EXPECT_EQ(PrepareNext(), "stopped");
  EXPECT_EQ(WorkNext(), "stopped");
}

TEST_F(BoardQueueTest, StoppingEndsBothWaits) {
  std::string board, preparation;
  std::thread board_thread([&] { board = WorkNext(); });
  std::thread preparation_thread([&] { preparation = PrepareNext(); });
  queue_.Stop();
  board_thread.join();
  preparation_thread.join();
  EXPECT_EQ(board, "stopped");
  EXPECT_EQ(preparation, "stopped");
}

}  // namespace
}  // namespace boardloop
