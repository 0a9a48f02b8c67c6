#include "device-agent/build/image_source.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

bool CountsCycles(const BoardType& board) {
  return board.support->timing.source == Timing::Source::kCycleCounter;
}

std::string Regions(const std::vector<MpuRegion>& regions) {
  std::string text = "static const bl_mpu_region regions[] = {\n";
  for (const MpuRegion& region : regions) {
    absl::StrAppendFormat(&text, "    {0x%08Xu, 0x%08Xu},\n", region.base, region.attributes);
  }
  absl::StrAppend(&text, "};\n\n");
  return text;
}

std::string FreeRanges(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    absl::StrAppendFormat(&text, "extern uint8_t bl_free_%d_begin[], bl_free_%d_end[];\n", i, i);
  }
  absl::StrAppend(&text, "static const bl_ram_range free_ranges[] = {\n");
  for (int i = 0; i < count; ++i) {
    absl::StrAppendFormat(&text, "    {bl_free_%d_begin, bl_free_%d_end},\n", i, i);
  }
  absl::StrAppend(&text, "};\n\n");
  return text;
}

}  // namespace

std::string ImageSource(const BoardType& board, const ImageFacts& facts) {
  std::string text =
      "/* Generated: what the runner must know of this image. */\n"
      "#include <stddef.h>\n\n"
      "#include \"firmware/runner/image.h\"\n"
      "#include \"firmware/runner/mailbox.h\"\n\n";
  absl::StrAppend(&text, Regions(facts.regions), FreeRanges(facts.free_ranges));
  const bool keeps_steps = CountsCycles(board) && facts.step_capacity > 0;
  const int steps = keeps_steps ? facts.step_capacity : 0;
  if (keeps_steps) absl::StrAppendFormat(&text, "static uint32_t step_cycles[%d];\n", steps);
  if (!facts.network.empty()) {
    absl::StrAppendFormat(&text, "extern const bl_network %s;\n\n", facts.network);
  }
  absl::StrAppendFormat(
      &text,
      "const bl_image bl_image_description = {\n"
      "    .network = %s,\n"
      "    .clock_hz = %du,\n"
      "    .timing = %s,\n"
      "    .step_cycles = %s,\n"
      "    .step_capacity = %d,\n"
      "    .regions = regions,\n"
      "    .region_count = %d,\n"
      "    .free_ranges = free_ranges,\n"
      "    .free_range_count = %d,\n"
      "};\n",
      facts.network.empty() ? "NULL" : absl::StrCat("&", facts.network), board.clock_hz,
      CountsCycles(board) ? "BL_TIMING_CYCCNT" : "BL_TIMING_MARKS",
      keeps_steps ? "step_cycles" : "NULL", steps, facts.regions.size(), facts.free_ranges);
  return text;
}

}  // namespace boardloop
