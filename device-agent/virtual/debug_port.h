// The debug access port: a debug port (SW-DP or JTAG-DP) with one MEM-AP, of ADIv5.
#pragma once

#include <cstdint>

#include "device-agent/virtual/board.h"

namespace boardloop::vboard {

class DebugPort {
 public:
  // `board` is not owned and must outlive the port.
  explicit DebugPort(Board& board) : board_(board) {}

  Board& board() { return board_; }

  // address   0, 4, 8 or 12
  uint32_t ReadDp(uint32_t address) const;
  // In a JTAG-DP, sticky flags are cleared by CTRL/STAT; in an SW-DP by ABORT, which is register 0.
  enum class Wire { kSwd, kJtag };
  void WriteDp(uint32_t address, uint32_t value, Wire wire);
  void Abort(uint32_t value);

  // Of the access port that SELECT names, in the bank that it names.
  uint32_t ReadAp(uint32_t address);
  void WriteAp(uint32_t address, uint32_t value);
  // Of access port `port`, by the whole address of the register.
  uint32_t ReadApRegister(uint32_t port, uint32_t address);
  void WriteApRegister(uint32_t port, uint32_t address, uint32_t value);

  // An access has failed: transfers are refused until the flag is cleared.
  bool sticky_error() const;
  void SetStickyError();

  // Result of the last AP read, for front-ends that post reads.
  uint32_t read_buffer() const { return read_buffer_; }
  void set_read_buffer(uint32_t value) { read_buffer_ = value; }

 private:
  uint32_t Transfer(bool write, uint32_t address, uint32_t value, bool increments);

  Board& board_;
  uint32_t control_ = 0;
  uint32_t select_ = 0;
  uint32_t control_status_word_ = 0x23000042;  // CSW of the MEM-AP.
  uint32_t transfer_address_ = 0;              // TAR
  uint32_t read_buffer_ = 0;
};

}  // namespace boardloop::vboard
