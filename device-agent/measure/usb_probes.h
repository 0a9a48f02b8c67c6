// The debug probes on this machine's USB, as the kernel lists them.
#pragma once

#include <string>
#include <vector>

namespace boardloop {

struct UsbProbe {
  std::string vendor;      // "0483"
  std::string product;     // "374b"
  std::string name;        // What the device calls itself.
  std::string serial;      // May be empty.
  std::string node;        // "/dev/bus/usb/001/004"
  bool permitted = false;  // We may open the node for writing.
};

// Probes of the vendors that OpenOCD and pyOCD know. `devices` and `nodes` are other folders in tests.
std::vector<UsbProbe> ListUsbProbes(const std::string& devices = "/sys/bus/usb/devices",
                                    const std::string& nodes = "/dev/bus/usb");

// The line for /etc/udev/rules.d/ that gives the user at the machine access to such a probe.
std::string UdevRule(const UsbProbe& probe);

}  // namespace boardloop
