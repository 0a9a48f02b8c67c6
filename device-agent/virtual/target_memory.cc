#include "device-agent/virtual/target_memory.h"

#include <cstring>

namespace boardloop::vboard {
namespace {

constexpr size_t kMaxCollectedBytes = 4096;

uint32_t Load(const uint8_t* bytes, int size) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, static_cast<size_t>(size));
  return value;
}

}  // namespace

TargetMemory::TargetMemory(const BoardType& type, FlashArray& flash)
    : type_(type),
      flash_(flash),
      sram_(type.sram_bytes),
      page_cached_(type.sram_bytes / kPageBytes),
      line_written_(type.sram_bytes / kLineBytes),
      page_from_debugger_(type.sram_bytes / kPageBytes) {}

void TargetMemory::Attach(QemuLink* qemu) {
  qemu_ = qemu;
  page_cached_.assign(page_cached_.size(), false);
  line_written_.assign(line_written_.size(), false);
  anything_cached_ = false;
  collected_.clear();
  flash_.MarkAllChanged();
}

bool TargetMemory::FlashOffset(uint32_t address, uint32_t* offset) const {
  // The F405 shows its flash at 0 as well (BOOT0 low); the F746 at its ITCM alias.
  const uint32_t alias = type_.core == 7 ? type_.flash_code_address : 0;
  for (const uint32_t base : {kFlashAddress, alias}) {
    *offset = address - base;
    if (*offset < type_.flash_bytes) return true;
  }
  return false;
}

uint8_t* TargetMemory::Cached(uint32_t offset) {
  const uint32_t page = offset / kPageBytes;
  if (!page_cached_[page]) {
    qemu_->gdb.ReadMemory(kSramAddress + page * kPageBytes,
                          absl::MakeSpan(&sram_[page * kPageBytes], kPageBytes));
    page_cached_[page] = true;
    anything_cached_ = true;
  }
  return &sram_[offset];
}

uint32_t TargetMemory::ReadStopped(uint32_t address, int size) {
  return Load(Cached(address - kSramAddress), size);
}

void TargetMemory::WriteStopped(uint32_t address, int size, uint32_t value) {
  const uint32_t offset = address - kSramAddress;
  std::memcpy(Cached(offset), &value, static_cast<size_t>(size));
  line_written_[offset / kLineBytes] = true;
}

uint32_t TargetMemory::ReadRunning(uint32_t address, int size) {
  FlushWrites();
  return qemu_->qtest.Read(address, size);
}

void TargetMemory::WriteRunning(uint32_t address, int size, uint32_t value) {
  const bool continues = address == collected_address_ + collected_.size();
  if (!continues || collected_.size() >= kMaxCollectedBytes) FlushWrites();
  if (collected_.empty()) collected_address_ = address;
  for (int i = 0; i < size; ++i) collected_.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

void TargetMemory::FlushWrites() {
  if (collected_.empty()) return;
  qemu_->qtest.WriteBlock(collected_address_, collected_);
  collected_.clear();
}

uint32_t TargetMemory::ReadFlash(uint32_t offset, int size) const {
  return Load(flash_.data() + offset, size);
}

bool TargetMemory::WrittenByDebugger(uint32_t address) const {
  return InSram(address) && page_from_debugger_[(address - kSramAddress) / kPageBytes];
}

void TargetMemory::NoteDebuggerWrite(uint32_t address) {
  page_from_debugger_[(address - kSramAddress) / kPageBytes] = true;
}

void TargetMemory::ForgetDebuggerWrites() {
  page_from_debugger_.assign(page_from_debugger_.size(), false);
}

void TargetMemory::Publish() {
  PublishSram();
  PublishFlash();
}

void TargetMemory::PublishSram() {
  if (!anything_cached_) return;
  size_t line = 0;
  while (line < line_written_.size()) {
    const size_t first = line;
    while (line < line_written_.size() && line_written_[line]) line_written_[line++] = false;
    if (line == first) {
      ++line;
      continue;
    }
    const auto offset = static_cast<uint32_t>(first * kLineBytes);
    const absl::Span<const uint8_t> bytes(&sram_[offset], (line - first) * kLineBytes);
    qemu_->gdb.WriteMemory(kSramAddress + offset, bytes);
  }
  page_cached_.assign(page_cached_.size(), false);
  anything_cached_ = false;
}

void TargetMemory::PublishFlash() {
  for (const FlashArray::Run& run : flash_.TakeChanges()) {
    qemu_->gdb.WriteMemory(type_.flash_code_address + run.offset, run.bytes);
  }
}

}  // namespace boardloop::vboard
