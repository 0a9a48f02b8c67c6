// The three front-ends of a virtual board, with the board and its QEMU behind them: after any
// conversation, a debugger that connects anew reads the unique id.
//
// Input:
//   byte 0    front-end (modulo 3: ST-Link, remote_bitbang, pyOCD) and board type (the rest)
//   byte 1    how many bytes arrive at a time; 0: all at once
//   others    what the debugger sends
//
// The boards and their QEMUs are started once. Each input meets a board with an erased flash, reset
// and without a debugger; SRAM keeps what earlier inputs left there, as it does on a chip.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "device-agent/virtual/board.h"
#include "device-agent/virtual/debug_port.h"
#include "device-agent/virtual/front/pyocd_remote.h"
#include "device-agent/virtual/front/remote_bitbang.h"
#include "device-agent/virtual/front/stlink_tcp.h"
#include "glog/logging.h"
#include "nlohmann/json.hpp"

namespace boardloop::vboard {
namespace {

enum Protocol { kStlink, kBitbang, kPyocd, kProtocols };

constexpr Uid kUid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

// The largest reply is a block of 1 Mi elements as JSON; the next request waits for its turn.
constexpr size_t kMaxReplyBytes = 16 << 20;

struct Bench {
  std::unique_ptr<Board> board;
  std::unique_ptr<DebugPort> port;
  const uint8_t* flash = nullptr;  // As in the board's file.
};

// Maps the flash file once more, to see whether anything has been programmed.
const uint8_t* Map(const std::string& path, uint32_t bytes) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd.get(), 0);
  CHECK(mapped != MAP_FAILED);
  return static_cast<const uint8_t*>(mapped);
}

// Without a QEMU that fits there is no board: said once, and every input passes.
Bench Start(const BoardType& type) {
  std::string folder = (std::filesystem::temp_directory_path() / "vboard-fuzz-XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr) << folder;
  Bench bench;
  absl::StatusOr<FlashArray> flash = FlashArray::Open(folder + "/flash.bin", type.flash_bytes);
  CHECK(flash.ok()) << flash.status();
  bench.flash = Map(folder + "/flash.bin", type.flash_bytes);
  std::filesystem::remove_all(folder);  // The mappings stay; a crash leaves nothing behind.
  absl::StatusOr<std::unique_ptr<Board>> board =
      Board::Create({type, kUid, {type.core, 2, 7}, VBOARD_CYCLES_PLUGIN}, *std::move(flash));
  if (!board.ok()) {
    // Anything but a missing QEMU is ours to mend.
    CHECK(absl::IsNotFound(board.status())) << board.status();
    std::fprintf(stderr, "NOTICE: nothing is tested: %s\n", board.status().ToString().c_str());
    return bench;
  }
  bench.board = *std::move(board);
  bench.port = std::make_unique<DebugPort>(*bench.board);
  return bench;
}

Bench& BenchOf(size_t type) {
  static std::array<Bench, 2> benches;
  static std::array<bool, 2> started{};
  if (!started[type]) benches[type] = Start(BoardTypes()[type]);
  started[type] = true;
  return benches[type];
}

std::unique_ptr<FrontEnd> Connect(int protocol, DebugPort& port) {
  if (protocol == kStlink) return std::make_unique<StlinkTcp>(port);
  if (protocol == kBitbang) return std::make_unique<RemoteBitbang>(port);
  return std::make_unique<PyocdRemote>(port);
}

// As the server does between requests; code of the debugger that runs for ever gets one slice.
void LetBoardWork(Board& board) {
  if (board.busy()) board.Work();
  pollfd event{board.wake_fd(), POLLIN, 0};
  if (poll(&event, 1, 0) > 0) board.OnQemuEvent();
  board.Idle();
}

// Sends to the front-end and adds to `replies`, unless it is null. False: the connection is closed.
bool Send(Bench& bench, FrontEnd& front_end, std::string* received, std::string_view sent,
          std::string* replies) {
  received->append(sent);
  bool open = true;
  size_t before = 0;
  do {
    before = received->size();
    std::string reply;
    open = front_end.Feed(received, &reply);
    CHECK_LE(reply.size(), kMaxReplyBytes);
    if (replies != nullptr) replies->append(reply);
  } while (open && !received->empty() && received->size() < before);
  LetBoardWork(*bench.board);
  return open;
}

// ------------------------------------------------------------------------------- a clean board

void EraseFlash(Board& board) {
  constexpr uint32_t kKeyr = 0x40023c04, kCr = 0x40023c10, kMassErase = 4, kStart = 1 << 16;
  for (const uint32_t key : {0x45670123u, 0xcdef89abu}) CHECK(board.Write(kKeyr, 4, key));
  CHECK(board.Write(kCr, 4, kMassErase | kStart));
}

void Clean(Bench& bench) {
  constexpr uint32_t kDhcsr = 0xe000edf0, kDemcr = 0xe000edfc, kAircr = 0xe000ed0c;
  constexpr uint32_t kFpbControl = 0xe0002000, kDwtFunction = 0xe0001028;
  Board& board = *bench.board;
  board.SetResetPin(false);
  CHECK(board.Write(kDhcsr, 4, 0xa05f0003));
  CHECK(board.Write(kDemcr, 4, 0));
  CHECK(board.Write(kFpbControl, 4, 2));
  for (uint32_t i = 0; i < 4; ++i) CHECK(board.Write(kDwtFunction + 16 * i, 4, 0));
  const bool erased = std::all_of(bench.flash, bench.flash + board.type().flash_bytes,
                                  [](uint8_t byte) { return byte == 0xff; });
  if (!erased) EraseFlash(board);
  CHECK(board.Write(kDhcsr, 4, 0xa05f0000));
  CHECK(board.Write(kAircr, 4, 0x05fa0004));
}

// --------------------------------------------------------------------- a debugger that connects

void Put32(std::string* message, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) (*message)[at + i] = static_cast<char>(value >> (8 * i));
}

// A command of the ST-Link, which answers `size` bytes.
std::string StlinkCommand(std::string_view command, uint32_t size) {
  std::string message(32, '\0');
  message[0] = 5;   // A command for USB.
  message[24] = 1;  // The device sends.
  command.copy(&message[8], 16);
  Put32(&message, 28, size);
  return message;
}

std::string StlinkIdRequest(uint32_t address) {
  std::string abort("\xf2\x46\xff\xff\0\0\x1e\0\0\0", 10);  // Clear sticky errors.
  std::string read("\xf2\x07\0\0\0\0\x0c\0", 8);            // 12 bytes, by words.
  Put32(&read, 2, address);
  return StlinkCommand(abort, 2) + StlinkCommand(read, 12);
}

// Draws the wires of JTAG, the board's two TAPs in the chain.
class BitbangWires {
 public:
  const std::string& characters() const { return characters_; }

  void Reset() {
    for (int i = 0; i < 5; ++i) Clock(1, 0);
    Clock(0, 0);
  }
  void Instruction(uint32_t instruction) {
    Clock(1, 0);
    Shift(instruction | 0x1f << 4, 9, false);  // The boundary-scan TAP: BYPASS.
  }
  // An access to a register; `shows` what the one before has read.
  void Access(bool reads, uint32_t address, uint32_t value, bool shows = false) {
    Shift(uint64_t{value} << 3 | address >> 1 | (reads ? 1 : 0), 36, shows);
  }

 private:
  // From Run-Test/Idle, or Select-DR-Scan before an instruction, through the register and back.
  void Shift(uint64_t bits, int count, bool shows) {
    Clock(1, 0);
    Clock(0, 0);
    Clock(0, 0);
    for (int i = 0; i < count; ++i) {
      if (shows) characters_.push_back('R');
      Clock(i + 1 == count, static_cast<int>(bits >> i & 1));
    }
    Clock(1, 0);
    Clock(0, 0);
  }
  void Clock(int tms, int tdi) {
    const char wires = static_cast<char>('0' + 2 * tms + tdi);
    characters_.push_back(wires);
    characters_.push_back(static_cast<char>(wires + 4));
  }

  std::string characters_;
};

std::string BitbangIdRequest(uint32_t address) {
  constexpr uint32_t kDpAccess = 0xa, kApAccess = 0xb, kWordsIncrement = 0x23000012;
  BitbangWires wires;
  wires.Reset();
  wires.Instruction(kDpAccess);
  wires.Access(false, 8, 0);           // SELECT
  wires.Access(false, 4, 0x50000022);  // CTRL/STAT: power, clear sticky errors.
  wires.Instruction(kApAccess);
  wires.Access(false, 0, kWordsIncrement);
  wires.Access(false, 4, address);
  wires.Access(true, 12, 0);
  for (int word = 0; word < 3; ++word) wires.Access(true, 12, 0, /*shows=*/true);
  return wires.characters();
}

// Three answers of 36 bits: acknowledgement, the word, the other TAP's bit.
Uid BitbangId(const std::string& reply) {
  CHECK_EQ(reply.size(), 3u * 36);
  Uid uid{};
  for (size_t i = 0; i < 96; ++i) {
    const bool set = reply[i / 32 * 36 + 3 + i % 32] == '1';
    uid[i / 8] = static_cast<uint8_t>(uid[i / 8] | (set ? 1 : 0) << (i % 8));
  }
  return uid;
}

std::string PyocdIdRequest(uint32_t address) {
  return nlohmann::json{
             {"id", 1}, {"request", "read_block8"}, {"arguments", {0, address, kUid.size()}}}
             .dump() +
         "\n";
}

Uid ReadId(Bench& bench, int protocol) {
  const uint32_t address = bench.board->type().uid_address;
  std::string request;
  if (protocol == kStlink) request = StlinkIdRequest(address);
  if (protocol == kBitbang) request = BitbangIdRequest(address);
  if (protocol == kPyocd) request = PyocdIdRequest(address);
  std::string received, reply;
  const std::unique_ptr<FrontEnd> front_end = Connect(protocol, *bench.port);
  CHECK(Send(bench, *front_end, &received, request, &reply));
  CHECK(received.empty()) << "half a request is left";
  if (protocol == kBitbang) return BitbangId(reply);
  Uid uid{};
  if (protocol == kPyocd) return nlohmann::json::parse(reply).at("result").get<Uid>();
  CHECK_EQ(reply.size(), 4u + 2 + 4 + uid.size());
  std::copy(reply.end() - std::ssize(uid), reply.end(), uid.begin());
  return uid;
}

void Run(std::string_view input) {
  const auto choice = static_cast<uint8_t>(input[0]);
  const auto chunk = static_cast<uint8_t>(input[1]);
  input.remove_prefix(2);
  const int protocol = choice % kProtocols;
  Bench& bench = BenchOf(choice / kProtocols % 2);
  if (!bench.board) return;
  Clean(bench);
  const std::unique_ptr<FrontEnd> front_end = Connect(protocol, *bench.port);
  std::string received;
  bool open = true;
  while (open && !input.empty()) {
    const std::string_view sent = input.substr(0, chunk == 0 ? input.size() : chunk);
    open = Send(bench, *front_end, &received, sent, nullptr);
    input.remove_prefix(sent.size());
  }
  CHECK(ReadId(bench, protocol) == kUid) << "protocol " << protocol;
}

}  // namespace
}  // namespace boardloop::vboard

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  boardloop::vboard::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
