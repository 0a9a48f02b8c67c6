#include "device-agent/virtual/mark_window.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace boardloop::vboard {
namespace {

class MarkWindowTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<MarkWindow>> window =
        MarkWindow::Create({BL_MODEL_CORTEX_M7, 3, 9});
    ASSERT_THAT(window, IsOk());
    window_ = *std::move(window);
  }

  uint32_t Word(uint32_t index) const {
    return window_->ReadWord(MarkWindow::kAddress + 4 * index);
  }

  // What the plugin does at a mark.
  void Record(uint32_t cycles, uint32_t instructions, uint32_t kind) {
    bl_cycle_record* record = window_->record();
    record->marks[record->entries] = {cycles, instructions, kind};
    record->entries++;
  }

  std::unique_ptr<MarkWindow> window_;
};

TEST_F(MarkWindowTest, HeaderDescribesTheRecord) {
  const uint32_t expected[] = {0x4d434c42, 1, 65536, 0, 0, 7, 1, 3, 9, 0, 0, 0, 0, 0, 0, 0};
  for (uint32_t i = 0; i < 16; ++i) EXPECT_EQ(Word(i), expected[i]) << i;
  EXPECT_EQ(window_->model_name(), "cortex-m7-modelled 1");
}

TEST_F(MarkWindowTest, EntriesFollowTheHeader) {
  Record(0, 0, BL_MARK_BEGIN);
  Record(100, 60, BL_MARK_LAP);
  EXPECT_EQ(Word(3), 2u);
  const uint32_t expected[] = {0, 0, 1, 100, 60, 2, 0, 0, 0};
  for (uint32_t i = 0; i < 9; ++i) EXPECT_EQ(Word(16 + i), expected[i]) << i;
}

TEST_F(MarkWindowTest, ClearedRecordIsEmptyBeforeThePluginFollows) {
  Record(1, 1, BL_MARK_LAP);
  window_->Clear();
  EXPECT_EQ(Word(3), 0u);
  EXPECT_EQ(Word(4), 0u);
  EXPECT_EQ(Word(16), 0u);
}

TEST_F(MarkWindowTest, WindowEndsAfterItsCapacity) {
  EXPECT_TRUE(MarkWindow::Contains(0xf0000000));
  EXPECT_TRUE(MarkWindow::Contains(0xf0000040 + 65536 * 12 - 4));
  EXPECT_FALSE(MarkWindow::Contains(0xf0000040 + 65536 * 12));
  EXPECT_FALSE(MarkWindow::Contains(0xeffffffc));
}

}  // namespace
}  // namespace boardloop::vboard
