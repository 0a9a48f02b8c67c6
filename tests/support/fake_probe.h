// A probe without a board: memory is a map of words, and a test scripts what the core does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "device-agent/probe/probe.h"

namespace boardloop {

class FakeProbe : public Probe {
 public:
  std::map<uint32_t, uint32_t> memory;  // By address; what was never written reads as 0.
  CoreState core = CoreState::kRunning;
  int resets = 0;
  absl::Status failure;  // Returned by every call while it is an error.
  // Called after each write, and before each read: the program on the board.
  std::function<void()> after_write = [] {}, before_read = [] {};

  std::string ToolVersion() const override { return "fake"; }
  absl::StatusOr<BoardIdentity> Identify(absl::Duration /*deadline*/) override {
    if (!failure.ok()) return failure;
    return BoardIdentity{"0123456789abcdef01234567", 0x413, 1024};
  }
  absl::StatusOr<ProgramReport> Program(absl::Span<const FlashSegment> segments,
                                        absl::Duration /*deadline*/) override {
    if (!failure.ok()) return failure;
    ProgramReport report;
    for (const FlashSegment& segment : segments) {
      report.bytes_written += static_cast<int64_t>(segment.bytes.size());
    }
    return report;
  }
  absl::Status ResetAndRun(absl::Duration /*deadline*/) override {
    ++resets;
    return failure;
  }
  absl::StatusOr<CoreState> ReadCoreState(absl::Duration /*deadline*/) override {
    if (!failure.ok()) return failure;
    return core;
  }
  absl::StatusOr<std::vector<uint32_t>> ReadWords(uint32_t address, int32_t count,
                                                  absl::Duration /*deadline*/) override {
    before_read();
    if (!failure.ok()) return failure;
    std::vector<uint32_t> words;
    for (int32_t i = 0; i < count; ++i) words.push_back(memory[address + 4 * i]);
    return words;
  }
  absl::Status WriteWords(uint32_t address, absl::Span<const uint32_t> words,
                          absl::Duration /*deadline*/) override {
    for (size_t i = 0; i < words.size(); ++i) {
      memory[address + 4 * static_cast<uint32_t>(i)] = words[i];
    }
    after_write();
    return failure;
  }
  int hang_count() const override { return 0; }
};

}  // namespace boardloop
