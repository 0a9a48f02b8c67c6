// The protocol of ST's stlink-server, as OpenOCD's drivers "st-link" and "hla" speak it with their
// backend "tcp": commands of the ST-Link's USB interface inside TCP messages. The probe presents
// itself as an STLINK-V3.
//
// It works with registers of the debug port and blocks of memory; the bits of SWD are "inside the
// ST-Link". Facts that matter: a server API of at least version 3 has to be reported for combined
// accesses (RW_MISC) to be used, and OpenOCD gives each command one second.
#pragma once

#include <cstdint>
#include <string>

#include "device-agent/virtual/debug_port.h"
#include "device-agent/virtual/front/front_end.h"

namespace boardloop::vboard {

class StlinkTcp : public FrontEnd {
 public:
  // `port` is not owned and must outlive the connection.
  explicit StlinkTcp(DebugPort& port);

  bool Feed(std::string* received, std::string* reply) override;

 private:
  // A command of the ST-Link, its data stage, and the answer.
  struct Usb {
    const uint8_t* command;  // 16 bytes
    const uint8_t* data;     // `size` bytes when the host sends
    uint32_t size;           // of the data stage
    bool host_sends;
  };

  size_t ServerMessage(const std::string& received, std::string* reply);
  void UsbCommand(const Usb& usb, std::string* reply);
  void DebugCommand(const Usb& usb, std::string* reply);
  void ReadBlock(const Usb& usb, std::string* reply);
  void WriteBlock(const Usb& usb);
  void ReadDapRegister(const Usb& usb, std::string* reply);
  void WriteDapRegister(const Usb& usb, std::string* reply);
  void ReadCoreRegisters(std::string* reply);
  void CombinedAccesses(const Usb& usb);
  void DriveReset(uint8_t level);
  uint32_t ReadCoreRegister(uint32_t number);
  void WriteCoreRegister(uint32_t number, uint32_t value);
  bool ReadMemory(uint32_t address, int size, uint32_t* value);
  bool WriteMemory(uint32_t address, int size, uint32_t value);

  DebugPort& port_;
  uint8_t mode_;
  uint8_t block_status_;
  uint32_t block_fault_address_ = 0;
  std::string combined_reply_;
};

}  // namespace boardloop::vboard
