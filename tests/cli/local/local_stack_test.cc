// What a state folder says, without any program of ours: tests/cli/local/up_program_test.cc starts them.
#include "cli/local/local_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

class LocalStackTest : public ::testing::Test {
 protected:
  void Write(const std::string& json) {
    ASSERT_THAT(WriteFileAtomically(folder_.Path("stack.json"), json), IsOk());
  }
  static std::string StackOf(const Daemon& daemon) {
    return absl::StrFormat(
        R"({"version": 1, "address": "127.0.0.1:1", "programs": {"agent": {"pid": %d, "start_ticks": %d}}})",
        daemon.pid, daemon.start_ticks);
  }
  TestFolder folder_;
};

TEST_F(LocalStackTest, AnEmptyFolderHasNoStackAndNothingToStop) {
  const auto found = FindStack(folder_.path());
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->has_value());
  EXPECT_THAT(StopStack(folder_.path(), nullptr), IsOk());
  EXPECT_THAT(StopStack(folder_.Path("none"), nullptr), IsOk());
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("none")));
}

TEST_F(LocalStackTest, WhatRunsIsFoundAndEnded) {
  const absl::StatusOr<Daemon> daemon = StartDaemon({"/bin/sleep", "1000"}, folder_.Path("log"));
  ASSERT_THAT(daemon, IsOk());
  Write(StackOf(*daemon));
  const auto found = FindStack(folder_.path());
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->address, "127.0.0.1:1");
  EXPECT_EQ((*found)->programs.at("agent").pid, daemon->pid);
  EXPECT_THAT(StopStack(folder_.path(), nullptr), IsOk());
  EXPECT_FALSE(IsRunning(*daemon));
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("stack.json")));
}

TEST_F(LocalStackTest, AStaleNumberIsNobodys) {
  const absl::StatusOr<Daemon> other = StartDaemon({"/bin/sleep", "1000"}, folder_.Path("log"));
  ASSERT_THAT(other, IsOk());
  Daemon stale = *other;
  stale.start_ticks -= 100;
  Write(StackOf(stale));
  const auto found = FindStack(folder_.path());
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->has_value());
  EXPECT_THAT(StopStack(folder_.path(), nullptr), IsOk());
  EXPECT_TRUE(IsRunning(*other));
  EXPECT_THAT(StopDaemon(*other, absl::Seconds(30)), IsOk());
}

TEST_F(LocalStackTest, AFileThatSaysNothingIsRefusedByName) {
  for (const char* text : {"", "{", "[1]", "17", "{\"version\": 2}", "{\"version\": \"1\"}"}) {
    Write(text);
    EXPECT_THAT(FindStack(folder_.path()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stack.json")))
        << text;
  }
}

TEST_F(LocalStackTest, FieldsOfAnotherKindAreNoPrograms) {
  for (const char* text :
       {"{\"version\": 1}", "{\"version\": 1, \"programs\": 3, \"address\": 4}",
        "{\"version\": 1, \"programs\": {\"agent\": []}}",
        "{\"version\": 1, \"programs\": {\"agent\": {\"pid\": \"x\", \"start_ticks\": null}}}",
        "{\"version\": 1, \"programs\": {\"agent\": {\"pid\": -1, \"start_ticks\": 5}}}"}) {
    Write(text);
    const auto found = FindStack(folder_.path());
    ASSERT_THAT(found, IsOk()) << text;
    EXPECT_FALSE(found->has_value()) << text;
  }
}

}  // namespace
}  // namespace boardloop
