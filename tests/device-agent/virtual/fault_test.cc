#include "device-agent/virtual/fault.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace boardloop::vboard {
namespace {

using testing::HasSubstr;

TEST(FaultTest, FormsAreRead) {
  const absl::StatusOr<Fault> drop = ParseFault("drop-link@4096");
  ASSERT_THAT(drop, IsOk());
  EXPECT_EQ(drop->kind, Fault::Kind::kDropLink);
  EXPECT_EQ(drop->value, 4096u);
  const absl::StatusOr<Fault> corrupt = ParseFault("corrupt-flash@0x1fc");
  ASSERT_THAT(corrupt, IsOk());
  EXPECT_EQ(corrupt->kind, Fault::Kind::kCorruptFlash);
  EXPECT_EQ(corrupt->value, 0x1fcu);
  EXPECT_THAT(ParseFault("slow-link:250"), IsOk());
  EXPECT_THAT(ParseFault("vanish@0"), IsOk());
  EXPECT_THAT(ParseFault("hang-core@1"), IsOk());
  EXPECT_THAT(ParseFault("double-fault@9"), IsOk());
}

TEST(FaultTest, OthersAreRefusedWithTheReason) {
  EXPECT_THAT(ParseFault("melt"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be drop-link@BYTES")));
  for (const char* text : {"hang-core@0", "drop-link@", "drop-link@-1", "drop-link@1x",
                           "slow-link:99999999999", "corrupt-flash@0xg"}) {
    EXPECT_THAT(ParseFault(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be a number")))
        << text;
  }
}

}  // namespace
}  // namespace boardloop::vboard
