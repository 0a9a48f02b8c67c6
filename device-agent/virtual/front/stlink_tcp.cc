#include "device-agent/virtual/front/stlink_tcp.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "glog/logging.h"

namespace boardloop::vboard {
namespace {

// Messages to the server.
enum ServerCommand : uint8_t {
  kRefreshDevices = 0x00,
  kCountDevices = 0x01,
  kDescribeDevice = 0x02,
  kOpenDevice = 0x03,
  kCloseDevice = 0x04,
  kSendUsbCommand = 0x05,
  kServerVersion = 0x06,
};
constexpr uint32_t kServerOk = 1;
constexpr size_t kUsbHeaderBytes = 32;
constexpr uint32_t kMaxUsbData = 1 << 16;  // Lengths of the ST-Link have 16 bits.

// Commands of the ST-Link.
enum UsbCommandCode : uint8_t {
  kGetVersion = 0xf1,
  kDebug = 0xf2,
  kDfu = 0xf3,
  kGetMode = 0xf5,
  kGetVoltage = 0xf7,
  kGetVersion3 = 0xfb,
};

// Subcommands of kDebug.
enum DebugCommandCode : uint8_t {
  kReadMemory32 = 0x07,
  kWriteMemory32 = 0x08,
  kReadMemory8 = 0x0c,
  kWriteMemory8 = 0x0d,
  kExit = 0x21,
  kEnter = 0x30,
  kReadIdCodes = 0x31,
  kResetSystem = 0x32,
  kReadRegister = 0x33,
  kWriteRegister = 0x34,
  kWriteDebugWord = 0x35,
  kReadDebugWord = 0x36,
  kReadAllRegisters = 0x3a,
  kLastStatus = 0x3b,
  kDriveReset = 0x3c,
  kLastStatus2 = 0x3e,
  kStartTrace = 0x40,
  kStopTrace = 0x41,
  kTraceBytes = 0x42,
  kSetSwdFrequency = 0x43,
  kSetJtagFrequency = 0x44,
  kReadDap = 0x45,
  kWriteDap = 0x46,
  kReadMemory16 = 0x47,
  kWriteMemory16 = 0x48,
  kOpenAp = 0x4b,
  kCloseAp = 0x4c,
  kWriteMemory32NoIncrement = 0x50,
  kCombinedOut = 0x51,
  kCombinedIn = 0x52,
  kReadMemory32NoIncrement = 0x54,
  kSetFrequency = 0x61,
  kGetFrequencies = 0x62,
};

constexpr uint8_t kOk = 0x80, kFault = 0x11;
constexpr uint8_t kModeMassStorage = 1, kModeDebug = 2;
constexpr uint32_t kDebugPortNumber = 0xffff;
constexpr uint16_t kVendor = 0x0483, kProduct = 0x374f;  // An STLINK-V3 without mass storage.
constexpr uint32_t kDeviceId = 0x1234, kConnectionId = 0x55;

constexpr uint32_t kDcrsr = 0xe000edf4, kDcrdr = 0xe000edf8, kAircr = 0xe000ed0c;
constexpr uint32_t kSystemReset = 0x05fa0004;

uint16_t Get16(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] | bytes[1] << 8); }
uint32_t Get32(const uint8_t* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void Put(std::string* reply, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) reply->push_back(static_cast<char>(value >> (8 * i)));
}
void Put16(std::string* reply, uint32_t value) { Put(reply, value, 2); }
void Put32(std::string* reply, uint32_t value) { Put(reply, value, 4); }

uint8_t StatusOf(bool done) { return done ? kOk : kFault; }

// Size of the accesses of a block command, and whether the address counts on.
struct BlockKind {
  int size;
  bool increments;
};

BlockKind KindOfBlock(uint8_t code) {
  switch (code) {
    case kReadMemory8:
    case kWriteMemory8:
      return {1, true};
    case kReadMemory16:
    case kWriteMemory16:
      return {2, true};
    case kReadMemory32:
    case kWriteMemory32:
      return {4, true};
    default:
      return {4, false};
  }
}

}  // namespace

StlinkTcp::StlinkTcp(DebugPort& port) : port_(port), mode_(kModeMassStorage), block_status_(kOk) {}

bool StlinkTcp::Feed(std::string* received, std::string* reply) {
  while (!received->empty() && reply->size() <= kEnoughReply) {
    const size_t taken = ServerMessage(*received, reply);
    if (taken == std::string::npos) return false;
    if (taken == 0) break;
    received->erase(0, taken);
  }
  return true;
}

// Returns how many bytes the message had; 0 when it is not complete, npos when it is none.
size_t StlinkTcp::ServerMessage(const std::string& received, std::string* reply) {
  const auto* message = reinterpret_cast<const uint8_t*>(received.data());
  static constexpr size_t kSizes[] = {2, 1, 8, 8, 8, kUsbHeaderBytes, 4};
  const uint8_t code = message[0];
  if (code >= std::size(kSizes)) {
    LOG(WARNING) << "st-link: not a message of stlink-server: " << int{code};
    return std::string::npos;
  }
  size_t size = kSizes[code];
  if (received.size() < size) return 0;
  switch (code) {
    case kDescribeDevice: {
      Put32(reply, kServerOk);
      Put32(reply, kDeviceId);
      std::string serial;  // As an ST-Link's: 24 digits.
      for (const uint8_t byte : port_.board().uid()) absl::StrAppendFormat(&serial, "%02X", byte);
      serial.resize(32, '\0');
      reply->append(serial);
      Put16(reply, kVendor);
      Put16(reply, kProduct);
      reply->push_back(0);  // Not in use.
      break;
    }
    case kOpenDevice:
      Put32(reply, kServerOk);
      Put32(reply, kConnectionId);
      break;
    case kServerVersion:  // API 3; server 2.1.0
      for (const uint32_t number : {3, 2, 1, 0}) Put32(reply, number);
      break;
    case kSendUsbCommand: {
      Usb usb{message + 8, message + kUsbHeaderBytes, Get32(message + 28), message[24] == 0};
      if (usb.size > kMaxUsbData) return std::string::npos;
      if (usb.host_sends) size += usb.size;
      if (received.size() < size) return 0;
      Put32(reply, kServerOk);
      UsbCommand(usb, reply);
      break;
    }
    default:
      Put32(reply, kServerOk);
      break;
  }
  return size;
}

void StlinkTcp::UsbCommand(const Usb& usb, std::string* reply) {
  std::string answer;
  switch (usb.command[0]) {
    case kGetVersion:  // "See kGetVersion3".
      answer.append({0x30, 0});
      Put16(&answer, kVendor);
      Put16(&answer, kProduct);
      break;
    case kGetVersion3: {  // V3 J10 M3 B1
      static constexpr uint8_t kVersion[] = {3, 0, 10, 3, 1, 0, 0, 0};
      answer.append(reinterpret_cast<const char*>(kVersion), sizeof kVersion);
      Put16(&answer, kVendor);
      Put16(&answer, kProduct);
      break;
    }
    case kGetMode:
      Put16(&answer, mode_);
      break;
    case kGetVoltage:  // Reference and half the target: 2 * 2048 / 1489 * 1.2 V = 3.3 V
      Put32(&answer, 1489);
      Put32(&answer, 2048);
      break;
    case kDfu:
      mode_ = kModeMassStorage;
      break;
    case kDebug:
      DebugCommand(usb, &answer);
      break;
    default:
      LOG(WARNING) << absl::StrFormat("st-link: unknown command 0x%02x", usb.command[0]);
      break;
  }
  if (usb.host_sends) return;
  answer.resize(usb.size, '\0');
  reply->append(answer);
}

void StlinkTcp::DebugCommand(const Usb& usb, std::string* reply) {
  const uint8_t* c = usb.command;
  const auto ok = [&] { Put16(reply, kOk); };
  switch (c[1]) {
    case kEnter:
      mode_ = kModeDebug;
      ok();
      break;
    case kExit:
      mode_ = kModeMassStorage;
      break;
    case kReadIdCodes:
      Put32(reply, kOk);
      Put32(reply, port_.board().type().dpidr);
      Put32(reply, 0);
      break;
    case kResetSystem:
      WriteMemory(kAircr, 4, kSystemReset);
      ok();
      break;
    case kDriveReset:
      DriveReset(c[2]);
      ok();
      break;
    case kStartTrace:
    case kStopTrace:
    case kSetSwdFrequency:
    case kSetJtagFrequency:
    case kOpenAp:
    case kCloseAp:
      ok();
      break;
    case kTraceBytes:
      Put16(reply, 0);
      break;
    case kSetFrequency:
      Put32(reply, kOk);
      Put32(reply, 0);
      break;
    case kGetFrequencies:  // Three of them, in kHz.
      Put32(reply, kOk);
      Put32(reply, 0);
      for (const uint32_t number : {3, 24000, 8000, 2000}) Put32(reply, number);
      break;
    case kReadDap:
      ReadDapRegister(usb, reply);
      break;
    case kWriteDap:
      WriteDapRegister(usb, reply);
      break;
    case kReadMemory8:
    case kReadMemory16:
    case kReadMemory32:
    case kReadMemory32NoIncrement:
      ReadBlock(usb, reply);
      break;
    case kWriteMemory8:
    case kWriteMemory16:
    case kWriteMemory32:
    case kWriteMemory32NoIncrement:
      WriteBlock(usb);
      break;
    case kLastStatus:
      Put16(reply, block_status_);
      break;
    case kLastStatus2:
      Put32(reply, block_status_);
      Put32(reply, block_fault_address_);
      Put32(reply, 0);
      break;
    case kReadDebugWord: {
      uint32_t value = 0;
      Put32(reply, StatusOf(port_.board().Read(Get32(c + 2), 4, &value)));
      Put32(reply, value);
      break;
    }
    case kWriteDebugWord:
      Put16(reply, StatusOf(port_.board().Write(Get32(c + 2), 4, Get32(c + 6))));
      break;
    case kReadRegister:
      Put32(reply, kOk);
      Put32(reply, ReadCoreRegister(c[2]));
      break;
    case kWriteRegister:
      WriteCoreRegister(c[2], Get32(c + 3));
      ok();
      break;
    case kReadAllRegisters:
      ReadCoreRegisters(reply);
      break;
    case kCombinedOut:
      CombinedAccesses(usb);
      break;
    case kCombinedIn:
      reply->append(combined_reply_);
      break;
    default:
      LOG(WARNING) << absl::StrFormat("st-link: unknown debug command 0x%02x", c[1]);
      break;
  }
}

void StlinkTcp::DriveReset(uint8_t level) {
  if (level != 1) port_.board().SetResetPin(true);   // 0: low
  if (level != 0) port_.board().SetResetPin(false);  // 1: high; 2: a pulse
}

void StlinkTcp::ReadDapRegister(const Usb& usb, std::string* reply) {
  const uint32_t port = Get16(usb.command + 2), address = Get16(usb.command + 4);
  if (port == kDebugPortNumber) {
    Put32(reply, kOk);
    Put32(reply, address & 0xf0 ? 0 : port_.ReadDp(address & 12));
    return;
  }
  const bool refused = port_.sticky_error();
  const uint32_t value = refused ? 0 : port_.ReadApRegister(port, address);
  Put32(reply, StatusOf(!refused && !port_.sticky_error()));
  Put32(reply, value);
}

void StlinkTcp::WriteDapRegister(const Usb& usb, std::string* reply) {
  const uint32_t port = Get16(usb.command + 2), address = Get16(usb.command + 4);
  const uint32_t value = Get32(usb.command + 6);
  if (port == kDebugPortNumber) {
    if ((address & 0xf0) == 0) port_.WriteDp(address & 12, value, DebugPort::Wire::kSwd);
    Put16(reply, kOk);
    return;
  }
  if (!port_.sticky_error()) port_.WriteApRegister(port, address, value);
  Put16(reply, StatusOf(!port_.sticky_error()));
}

void StlinkTcp::ReadBlock(const Usb& usb, std::string* reply) {
  const BlockKind kind = KindOfBlock(usb.command[1]);
  const uint32_t address = Get32(usb.command + 2), length = Get16(usb.command + 6);
  block_status_ = kOk;
  for (uint32_t i = 0; i < length; i += static_cast<uint32_t>(kind.size)) {
    uint32_t value = 0;
    const uint32_t at = kind.increments ? address + i : address;
    if (block_status_ == kOk && !ReadMemory(at, kind.size, &value)) {
      block_status_ = kFault;
      block_fault_address_ = at;
    }
    Put(reply, value, kind.size);
  }
}

void StlinkTcp::WriteBlock(const Usb& usb) {
  const BlockKind kind = KindOfBlock(usb.command[1]);
  const auto step = static_cast<uint32_t>(kind.size);
  const uint32_t address = Get32(usb.command + 2);
  const uint32_t length = std::min<uint32_t>(Get16(usb.command + 6), usb.size);
  block_status_ = kOk;
  for (uint32_t i = 0; usb.host_sends && i + step <= length; i += step) {
    uint32_t value = 0;
    std::memcpy(&value, usb.data + i, step);
    const uint32_t at = kind.increments ? address + i : address;
    if (WriteMemory(at, kind.size, value)) continue;
    block_status_ = kFault;
    block_fault_address_ = at;
    return;
  }
}

bool StlinkTcp::ReadMemory(uint32_t address, int size, uint32_t* value) {
  if (port_.board().Read(address, size, value)) return true;
  port_.SetStickyError();
  return false;
}

bool StlinkTcp::WriteMemory(uint32_t address, int size, uint32_t value) {
  if (port_.board().Write(address, size, value)) return true;
  port_.SetStickyError();
  return false;
}

uint32_t StlinkTcp::ReadCoreRegister(uint32_t number) {
  uint32_t value = 0;
  port_.board().Write(kDcrsr, 4, number);
  port_.board().Read(kDcrdr, 4, &value);
  return value;
}

void StlinkTcp::WriteCoreRegister(uint32_t number, uint32_t value) {
  port_.board().Write(kDcrdr, 4, value);
  port_.board().Write(kDcrsr, 4, 1u << 16 | number);
}

// r0 to r15, xPSR, MSP, PSP, CONTROL with the masks, FPSCR.
void StlinkTcp::ReadCoreRegisters(std::string* reply) {
  Put32(reply, kOk);
  for (uint32_t number = 0; number <= 18; ++number) Put32(reply, ReadCoreRegister(number));
  Put32(reply, ReadCoreRegister(20));
  Put32(reply, ReadCoreRegister(33));
}

// RW_MISC: a list of accesses in one command. The data stage has one operation per byte, padded to
// words, then one word for each; the answer has one value and one status for each.
void StlinkTcp::CombinedAccesses(const Usb& usb) {
  enum Operation : uint8_t { kSetAddress = 1, kWrite = 2, kRead = 3, kNothing = 5 };
  combined_reply_.clear();
  const uint32_t items = Get32(usb.command + 2);
  const uint64_t operation_bytes = (uint64_t{items} + 3) & ~uint64_t{3};
  if (!usb.host_sends || operation_bytes + 4 * uint64_t{items} > usb.size) return;
  const uint8_t* operations = usb.data;
  const uint8_t* words = usb.data + operation_bytes;
  uint32_t address = 0;
  std::string values, states;
  for (uint32_t i = 0; i < items; ++i) {
    const uint32_t word = Get32(words + size_t{4} * i);
    uint32_t value = 0;
    bool done = true;
    switch (operations[i]) {
      case kSetAddress:
        address = word;
        break;
      case kWrite:
        done = WriteMemory(address, 4, word);
        break;
      case kRead:
        done = ReadMemory(word, 4, &value);
        break;
      case kNothing:
        break;
      default:
        done = false;
        break;
    }
    Put32(&values, value);
    Put32(&states, StatusOf(done));
  }
  combined_reply_ = values + states;
}

}  // namespace boardloop::vboard
