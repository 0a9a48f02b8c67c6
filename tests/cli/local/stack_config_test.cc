#include "cli/local/stack_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kAddress[] = "127.0.0.1:7411";

TEST(StackConfigTest, ARequestIsBroughtIntoOneForm) {
  TestFolder folder;
  ASSERT_THAT(WriteFileAtomically(folder.Path("bench.yaml"), ""), IsOk());
  StackRequest request;
  request.virtual_boards = {"virtual-stm32f746", "virtual-stm32f405:3"};
  request.bench = folder.Path("./bench.yaml");
  const absl::StatusOr<StackRequest> checked = CheckedRequest(request);
  ASSERT_THAT(checked, IsOk());
  EXPECT_THAT(*checked->virtual_boards, ElementsAre("virtual-stm32f405:3", "virtual-stm32f746:1"));
  EXPECT_EQ(*checked->bench, folder.Path("bench.yaml"));
  EXPECT_FALSE(checked->listen.has_value());
}

TEST(StackConfigTest, WhatCouldNotBeStartedIsRefused) {
  const auto boards = [](const std::vector<std::string>& texts) {
    StackRequest request;
    request.virtual_boards = texts;
    return CheckedRequest(request).status();
  };
  EXPECT_THAT(boards({"nosuch"}), StatusIs(absl::StatusCode::kNotFound, HasSubstr("nosuch")));
  EXPECT_THAT(boards({"virtual-stm32f405:0"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(boards({"virtual-stm32f405", "virtual-stm32f405:2"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("twice")));
  StackRequest request;
  request.listen = "127.0.0.1:99999";
  EXPECT_THAT(CheckedRequest(request), StatusIs(absl::StatusCode::kInvalidArgument));
  request.listen = kAddress;
  request.bench = "none.yaml";
  EXPECT_THAT(CheckedRequest(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.yaml")));
}

TEST(StackConfigTest, WhatIsNotAskedForIsAsItRuns) {
  StackConfig running;
  running.virtual_boards = {"virtual-stm32f746:3"};
  running.worker = false;
  EXPECT_THAT(CheckSame(running, kAddress, Merged(running, StackRequest())), IsOk());
  StackRequest request;
  request.threads = running.threads + 1;
  request.virtual_boards = {"virtual-stm32f405:1"};
  const StackConfig merged = Merged(running, request);
  EXPECT_EQ(merged.listen, running.listen);
  EXPECT_FALSE(merged.worker);
  EXPECT_THAT(CheckSame(running, kAddress, merged),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("what runs has --virtual virtual-stm32f746:3 and --threads")));
}

TEST(StackConfigTest, PortZeroIsAnyOfTheHost) {
  const auto same = [](const std::string& started, const std::string& asked) {
    StackConfig running, wanted;
    running.listen = started;
    wanted.listen = asked;
    return CheckSame(running, "127.0.0.1:34567", wanted).ok();
  };
  EXPECT_TRUE(same("127.0.0.1:0", "127.0.0.1:0"));
  EXPECT_TRUE(same("127.0.0.1:0", "127.0.0.1:34567"));
  EXPECT_TRUE(same("127.0.0.1:34567", "127.0.0.1:0"));
  EXPECT_FALSE(same("127.0.0.1:0", "127.0.0.1:7411"));
  EXPECT_FALSE(same("127.0.0.1:34567", "[::1]:0"));
}

TEST(StackConfigTest, WhatIsRecordedIsReadAgain) {
  StackConfig config;
  config.listen = "127.0.0.1:0";
  config.virtual_boards = {"virtual-stm32f405:1", "virtual-stm32f746:2"};
  config.bench = "/lab/bench.yaml";
  config.threads = 7;
  config.worker = false;
  const StackConfig read = ConfigFromJson(nlohmann::json::parse(ConfigJson(config).dump()));
  EXPECT_EQ(ConfigText(read), ConfigText(config));
  EXPECT_EQ(ConfigText(config),
            "--listen 127.0.0.1:0 --virtual virtual-stm32f405:1 --virtual virtual-stm32f746:2 "
            "--bench /lab/bench.yaml --threads 7 --no-worker");
}

TEST(StackConfigTest, FieldsOfAnotherKindHaveTheirDefaults) {
  for (const char* text : {"null", "[1]", "{}",
                           "{\"listen\": 1, \"bench\": [], \"threads\": \"x\", \"worker\": 3, "
                           "\"virtual_boards\": {}}"}) {
    EXPECT_EQ(ConfigText(ConfigFromJson(nlohmann::json::parse(text))), ConfigText(StackConfig()))
        << text;
  }
}

}  // namespace
}  // namespace boardloop
