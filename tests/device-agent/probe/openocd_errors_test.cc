#include "device-agent/probe/openocd_errors.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

TEST(OpenOcdErrorTest, NoPermissionIsTheSetUps) {
  EXPECT_THAT(OpenOcdError("Info : clock speed 2000 kHz\n"
                           "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\n"
                           "Error: open failed\n"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("udev rule")));
}

TEST(OpenOcdErrorTest, AbsentProbeIsUnavailable) {
  EXPECT_THAT(OpenOcdError("Error: open failed\n"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("plugged in")));
}

TEST(OpenOcdErrorTest, BoardWithoutPowerIsUnavailable) {
  EXPECT_THAT(OpenOcdError("Error: init mode failed (unable to connect to the target)\n"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("powered")));
}

TEST(OpenOcdErrorTest, FlashThatDiffersIsDataLoss) {
  EXPECT_THAT(OpenOcdError("checksum mismatch - attempting binary compare\n"),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(OpenOcdErrorTest, MissingConfigurationNamesTheBenchFile) {
  EXPECT_THAT(OpenOcdError("embedded:startup.tcl:28: Error: Can't find interface/x.cfg\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bench file")));
}

TEST(OpenOcdErrorTest, AnythingElseHasItsFirstError) {
  EXPECT_THAT(OpenOcdError("Info : hello\nError: something odd\nError: more\n"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("something odd")));
  EXPECT_THAT(OpenOcdError(""), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace boardloop
