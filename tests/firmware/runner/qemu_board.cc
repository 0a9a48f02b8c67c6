#include "tests/firmware/runner/qemu_board.h"

#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(60);

std::vector<std::string> MachineOf(const BoardType& board) {
  if (board.core == "cortex-m4") return {"-M", "netduinoplus2"};
  return {"-M", "mps2-an500", "-global", "armv7m.init-nsvtor=0x200000"};
}

std::vector<uint8_t> Words(const std::vector<uint32_t>& words) {
  std::vector<uint8_t> bytes(4 * words.size());
  memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

}  // namespace

uint32_t Crc32(const uint8_t* bytes, size_t count) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

bool CrcIsRight(const bl_mailbox& mailbox) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&mailbox);
  return Crc32(bytes, offsetof(bl_mailbox, crc32)) == mailbox.crc32;
}

absl::StatusOr<std::unique_ptr<QemuBoard>> QemuBoard::Start(const BoardType& board,
                                                            const FirmwareImage& image,
                                                            const std::string& folder) {
  std::unique_ptr<QemuBoard> machine(new QemuBoard());
  const auto symbol = image.symbols.find("bl_mailbox");
  if (symbol == image.symbols.end()) return absl::InvalidArgumentError("no bl_mailbox");
  machine->mailbox_ = symbol->second;
  const std::string elf = absl::StrCat(folder, "/image.elf");
  const std::string socket = absl::StrCat(folder, "/gdb");
  BL_RETURN_IF_ERROR(WriteFileAtomically(elf, image.elf));
  std::vector<std::string> argv = {"qemu-system-arm"};
  for (const std::string& word : MachineOf(board)) argv.push_back(word);
  argv.insert(argv.end(), {"-nographic", "-monitor", "none", "-serial", "none", "-kernel", elf,
                           "-S", "-gdb", absl::StrCat("unix:", socket, ",server=on,wait=off")});
  ChildProcess::Options options;
  options.log_path = absl::StrCat(folder, "/qemu.log");
  BL_ASSIGN_OR_RETURN(machine->qemu_, ChildProcess::Start(argv, options));
  BL_RETURN_IF_ERROR(machine->stub_.Connect(socket, kDeadline));
  BL_RETURN_IF_ERROR(machine->WaitFor(BL_STATE_READY, 0).status());
  return machine;
}

absl::StatusOr<bl_mailbox> QemuBoard::Mailbox() {
  BL_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, stub_.Read(mailbox_, sizeof(bl_mailbox)));
  bl_mailbox mailbox;
  memcpy(&mailbox, bytes.data(), sizeof(mailbox));
  return mailbox;
}

absl::StatusOr<bl_mailbox> QemuBoard::WaitFor(uint32_t state, uint32_t result_sequence) {
  const absl::Time end = absl::Now() + kDeadline;
  while (absl::Now() < end) {
    BL_RETURN_IF_ERROR(stub_.Continue());
    absl::SleepFor(absl::Milliseconds(2));  // The machine runs; nothing tells of a change.
    BL_RETURN_IF_ERROR(stub_.Stop());
    BL_ASSIGN_OR_RETURN(const bl_mailbox mailbox, Mailbox());
    const bool done = mailbox.state == state && mailbox.result_sequence == result_sequence;
    if (done || mailbox.state == BL_STATE_FAULTED) return mailbox;
  }
  return absl::DeadlineExceededError(absl::StrFormat("the runner does not reach state %d", state));
}

absl::StatusOr<bl_mailbox> QemuBoard::Execute(const Request& request) {
  BL_ASSIGN_OR_RETURN(const bl_mailbox before, Mailbox());
  const uint32_t sequence = before.request_sequence + 1;
  BL_RETURN_IF_ERROR(stub_.Write(
      mailbox_ + offsetof(bl_mailbox, network),
      Words({request.network, request.command, request.seed, request.warmup_runs, request.runs})));
  BL_RETURN_IF_ERROR(
      stub_.Write(mailbox_ + offsetof(bl_mailbox, request_sequence), Words({sequence})));
  return WaitFor(BL_STATE_DONE, sequence);
}

absl::StatusOr<std::vector<uint8_t>> QemuBoard::Read(uint32_t address, uint32_t bytes) {
  return stub_.Read(address, bytes);
}

absl::Status QemuBoard::Write(uint32_t address, const std::vector<uint8_t>& bytes) {
  return stub_.Write(address, bytes);
}

}  // namespace boardloop
