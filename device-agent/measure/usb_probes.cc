#include "device-agent/measure/usb_probes.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxAttribute = 4096;

// USB vendor ids: ST (ST-Link), Arm (DAPLink), SEGGER (J-Link), Raspberry Pi (Debugprobe), NXP
// (MCU-Link), Keil (ULINK). An ST device is a probe only with one of ST-Link's product ids, 0x3744 to 0x3757.
constexpr std::array<const char*, 6> kVendors = {"0483", "0d28", "1366", "2e8a", "1fc9", "c251"};
constexpr char kSt[] = "0483";

std::string Attribute(const fs::path& device, const char* name) {
  const absl::StatusOr<std::string> text = ReadFile((device / name).string(), kMaxAttribute);
  return text.ok() ? std::string(absl::StripAsciiWhitespace(*text)) : "";
}

bool IsProbe(const UsbProbe& device) {
  const bool known = std::find(kVendors.begin(), kVendors.end(), device.vendor) != kVendors.end();
  if (!known || device.vendor != kSt) return known;
  uint32_t product = 0;
  return absl::SimpleHexAtoi(device.product, &product) && product >= 0x3744 && product <= 0x3757;
}

}  // namespace

std::vector<UsbProbe> ListUsbProbes(const std::string& devices, const std::string& nodes) {
  std::vector<UsbProbe> probes;
  std::error_code error;
  for (fs::directory_iterator entry(devices, error), end; !error && entry != end;
       entry.increment(error)) {
    UsbProbe probe;
    probe.vendor = Attribute(entry->path(), "idVendor");
    probe.product = Attribute(entry->path(), "idProduct");
    if (!IsProbe(probe)) continue;
    probe.name = Attribute(entry->path(), "product");
    probe.serial = Attribute(entry->path(), "serial");
    int bus = 0, device = 0;
    if (!absl::SimpleAtoi(Attribute(entry->path(), "busnum"), &bus) ||
        !absl::SimpleAtoi(Attribute(entry->path(), "devnum"), &device)) {
      continue;
    }
    probe.node = absl::StrFormat("%s/%03d/%03d", nodes, bus, device);
    probe.permitted = access(probe.node.c_str(), R_OK | W_OK) == 0;
    probes.push_back(std::move(probe));
  }
  std::sort(probes.begin(), probes.end(),
            [](const UsbProbe& a, const UsbProbe& b) { return a.node < b.node; });
  return probes;
}

std::string UdevRule(const UsbProbe& probe) {
  return absl::StrCat("SUBSYSTEM==\"usb\", ATTR{idVendor}==\"", probe.vendor,
                      "\", ATTR{idProduct}==\"", probe.product,
                      "\", MODE=\"0660\", GROUP=\"plugdev\", TAG+=\"uaccess\"");
}

}  // namespace boardloop
