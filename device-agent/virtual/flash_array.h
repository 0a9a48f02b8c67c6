// The flash memory of a board: bytes that live in a file.
//
// The file is mapped, so what is programmed is in it at once and survives a kill of this process.
// Its blocks are reserved when it is created: a full disk is met then, not in the middle of a
// program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace boardloop::vboard {

class FlashArray {
 public:
  // Granularity in which changes are passed on to QEMU.
  static constexpr uint32_t kBlockBytes = 1024;

  // Opens `path`, or creates it erased, complete or not at all.
  //
  // FAILED_PRECONDITION  the file is not `bytes` long
  // RESOURCE_EXHAUSTED   no space; others as the operating system says
  static absl::StatusOr<FlashArray> Open(const std::string& path, uint32_t bytes);

  FlashArray(FlashArray&& other) noexcept;
  FlashArray& operator=(FlashArray&& other) noexcept;
  ~FlashArray();

  uint32_t size() const { return static_cast<uint32_t>(bytes_.size()); }
  const uint8_t* data() const { return bytes_.data(); }

  // Flash programming only clears bits.
  void Program(uint32_t offset, uint8_t value) { Set(offset, bytes_[offset] & value); }
  void Flip(uint32_t offset, uint8_t bits) { Set(offset, bytes_[offset] ^ bits); }
  void Erase(uint32_t offset, uint32_t bytes);

  // Runs of blocks that have changed since they were last taken; all of them at first.
  struct Run {
    uint32_t offset;
    absl::Span<const uint8_t> bytes;
  };
  std::vector<Run> TakeChanges();
  void MarkAllChanged();

 private:
  explicit FlashArray(absl::Span<uint8_t> bytes);
  void Set(uint32_t offset, int value);

  absl::Span<uint8_t> bytes_;
  std::vector<bool> changed_;
  bool any_changed_ = true;
};

}  // namespace boardloop::vboard
