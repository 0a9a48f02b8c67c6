#include "device-agent/measure/usb_probes.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "device-agent/measure/self_check.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class UsbProbesTest : public testing::Test {
 protected:
  UsbProbesTest() {
    std::string pattern = testing::TempDir() + "boardloop-usb-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~UsbProbesTest() override { fs::remove_all(root_); }

  void AddDevice(const std::string& name, const std::string& vendor, const std::string& product,
                 const std::string& serial, int number, bool with_node) {
    const fs::path folder = root_ + "/devices/" + name;
    fs::create_directories(folder);
    fs::create_directories(root_ + "/nodes/001");
    std::ofstream(folder / "idVendor") << vendor << "\n";
    std::ofstream(folder / "idProduct") << product << "\n";
    std::ofstream(folder / "product") << "STM32 STLink\n";
    if (!serial.empty()) std::ofstream(folder / "serial") << serial << "\n";
    std::ofstream(folder / "busnum") << "1\n";
    std::ofstream(folder / "devnum") << number << "\n";
    if (with_node) std::ofstream(root_ + "/nodes/001/00" + std::to_string(number)) << "";
  }
  std::vector<UsbProbe> List() { return ListUsbProbes(root_ + "/devices", root_ + "/nodes"); }

  std::string root_;
};

TEST_F(UsbProbesTest, ListsProbesAndNothingElse) {
  AddDevice("1-1", "0483", "374b", "066D", 4, true);
  AddDevice("1-2", "046d", "c077", "", 5, true);         // A mouse.
  AddDevice("1-3", "0483", "5740", "virtcom", 6, true);  // ST, not a probe.
  const std::vector<UsbProbe> probes = List();
  ASSERT_EQ(probes.size(), 1u);
  EXPECT_EQ(probes[0].serial, "066D");
  EXPECT_EQ(probes[0].node, root_ + "/nodes/001/004");
  EXPECT_TRUE(probes[0].permitted);
  EXPECT_TRUE(AllGood(CheckUsb(probes)));
}

TEST_F(UsbProbesTest, NoPermissionNamesTheRuleToAdd) {
  AddDevice("1-1", "0483", "374b", "066D", 4, false);
  const std::vector<CheckItem> items = CheckUsb(List());
  ASSERT_FALSE(AllGood(items));
  EXPECT_THAT(items.back().text, HasSubstr("ATTR{idVendor}==\"0483\", ATTR{idProduct}==\"374b\""));
}

TEST_F(UsbProbesTest, TwoProbesWithOneSerialAreBad) {
  AddDevice("1-1", "0483", "374b", "066D", 4, true);
  AddDevice("1-2", "0483", "374b", "066D", 5, true);
  const std::vector<CheckItem> items = CheckUsb(List());
  ASSERT_FALSE(AllGood(items));
  EXPECT_THAT(items.back().text, HasSubstr("one serial number (066D)"));
}

}  // namespace
}  // namespace boardloop
