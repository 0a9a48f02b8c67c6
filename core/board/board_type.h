// Board types: what a microcontroller board offers a network. Described by
// device-agent/boards/<name>.yaml (docs/formats/board-type.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

struct MemoryRegion {
  enum class Kind {
    kRam,
    kFlash,
    kCodeRam,  // Tightly coupled to the core's instruction side (ITCM); never holds data.
  };
  std::string name;  // "dtcm", "sram1", "axi", "flash"
  Kind kind = Kind::kRam;
  int64_t address = 0;
  int64_t bytes = 0;
  // Whether buffers of a network may be placed there (a core-coupled memory that DMA or the bus
  // matrix cannot reach may be kept for the stack).
  bool arena = true;
};

// What the program around the network needs; taken off before a network is said to fit.
struct Reserves {
  int64_t stack_bytes = 0;
  int64_t data_bytes = 0;  // .data and .bss other than the arena.
  int64_t code_bytes = 0;  // Engine, runner and generated code in flash.
};

// How a debug probe finds and recognises the chip.
struct DebugTarget {
  std::string openocd_target;  // "stm32f4x": OpenOCD's target/<this>.cfg.
  std::string pyocd_target;    // "stm32f412xg"; empty where pyOCD knows none.
  int64_t device_id = 0;       // Lowest 12 bits of DBGMCU_IDCODE.
  int64_t device_id_address = 0xE0042000;
  int64_t unique_id_address = 0;  // 96 bits.
};

// Where cycles come from.
struct Timing {
  enum class Source {
    kCycleCounter,  // The core's DWT_CYCCNT: measured.
    kModel,         // A virtual board's cycle model: modelled, and always labelled so.
  };
  Source source = Source::kCycleCounter;
  std::string model;  // Its name and version, with kModel.
};

// What is needed to measure on such a board, beyond planning for it.
struct BoardSupport {
  std::string firmware;     // Folder below firmware/boards: startup, clock tree.
  bool is_virtual = false;  // The agent can start one.
  bool double_fpu = false;  // The core's floating-point unit computes in double too.
  DebugTarget debug;
  Timing timing;
};

struct BoardType {
  std::string name;
  std::string description;
  std::string mcu;   // "STM32F746NGH6"
  std::string core;  // "cortex-m4", "cortex-m7"
  int64_t clock_hz = 0;
  std::vector<MemoryRegion> memories;  // As listed in the file; they do not overlap.
  Reserves reserves;
  std::optional<BoardSupport> support;  // Without it networks can be planned, not measured.

  int64_t RamBytes() const;    // All kRam.
  int64_t FlashBytes() const;  // All kFlash.
  // The largest run of RAM regions that touch and may hold the arena: where one arena can lie.
  int64_t LargestArenaBytes() const;

  // What a network gets. Flash less the reserve for code; and the runs of RAM that may hold its
  // arena, by size, the largest first, less the reserves for stack and data: these go into RAM that
  // may not hold the arena if there is enough, else into the smallest run that holds them.
  int64_t FlashForNetwork() const;
  std::vector<int64_t> ArenaRegions() const;
};

// INVALID_ARGUMENT names the file, the line and the field: unknown or missing fields, overlapping
// or absurd memories, reserves larger than the memory.
absl::StatusOr<BoardType> ParseBoardType(const std::string& yaml, const std::string& source);

// Loads "<name>" from the board type folders, or a path to a .yaml file (anything with a '/' or
// ending in ".yaml"). The folders, in order: those of $BOARDLOOP_BOARDS, separated by colons; then,
// relative to the running program, ../share/boardloop/boards (installed) and the source tree's
// device-agent/boards (built in build/<preset>/bin).
//
// NOT_FOUND  no such board type; the message lists the known ones and the folders searched
absl::StatusOr<BoardType> LoadBoardType(const std::string& name_or_path);

// Whether LoadBoardType takes it for a name, and reads nothing but the board type folders: what comes from another machine must be one.
bool IsBoardTypeName(const std::string& name_or_path);

// The names that LoadBoardType finds, ascending.
std::vector<std::string> BoardTypeNames();

}  // namespace boardloop
