// The call table of a program for the resident image: what is written into the RAM of a board that
// already holds all kernels, instead of building and flashing. Weights and constants are random
// bytes that the image holds. What the time of a kernel depends on is kept: lookup tables, strides
// and indices as they are, multipliers that are real numbers as ones of the usual size.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "firmware/codegen/engine_program.h"

namespace boardloop {

// What the resident image offers.
struct ResidentImage {
  std::map<std::string, uint32_t> symbols;  // Addresses of kernels and of bl_run_stages.
  uint32_t constants_address = 0;           // The blob in flash.
  int64_t constants_bytes = 0;
  uint32_t real_channels_address = 0;  // bl_real_channel[] in flash, with plausible multipliers.
  int64_t real_channels_bytes = 0;
  uint32_t table_address = 0;  // RAM for the table, up to the arena: 4-byte aligned.
  uint32_t table_end = 0;      // First byte behind that RAM; 0: the arena alone bounds it.
  // RAM of each arena region; an arena ends at its region's end, so that a write past it faults.
  std::vector<uint32_t> region_begin, region_end;
};

struct ResidentProgram {
  uint32_t network_address = 0;  // Of the bl_network, for the mailbox.
  uint32_t address = 0;          // Where `bytes` go.
  std::vector<uint8_t> bytes;
};

// RESOURCE_EXHAUSTED  table and arena do not fit the RAM, or one call's constants exceed the blob;
//                     the message says by how much
// NOT_FOUND           the image lacks a kernel
absl::StatusOr<ResidentProgram> EmitResident(const EngineProgram& program,
                                             const ResidentImage& image);

}  // namespace boardloop
