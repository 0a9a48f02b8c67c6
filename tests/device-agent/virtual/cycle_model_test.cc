#include "device-agent/virtual/cycles/cycle_model.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace boardloop::vboard {
namespace {

constexpr bl_cycle_model kM4 = {BL_MODEL_CORTEX_M4, 2, 7};
constexpr bl_cycle_model kM7 = {BL_MODEL_CORTEX_M7, 2, 7};

// An instruction, first halfword in the upper half if it is long.
struct Encoding {
  const char* assembly;
  uint32_t code;
  int size;
  int cycles;
  int branch;
};

bl_instruction Decode(const bl_cycle_model& model, uint32_t code, int size) {
  const uint32_t first = size == 4 ? code >> 16 : code;
  const uint8_t bytes[] = {static_cast<uint8_t>(first), static_cast<uint8_t>(first >> 8),
                           static_cast<uint8_t>(code), static_cast<uint8_t>(code >> 8)};
  return bl_decode(&model, bytes, static_cast<size_t>(size));
}

TEST(CortexM4Test, CostsAreThoseOfTheTrm) {
  const Encoding encodings[] = {
      {"movs r0, #1", 0x2001, 2, 1, BL_NO_BRANCH},
      {"adds r0, r1, r2", 0x1888, 2, 1, BL_NO_BRANCH},
      {"muls r0, r1", 0x4348, 2, 1, BL_NO_BRANCH},
      {"mov r8, r0", 0x4680, 2, 1, BL_NO_BRANCH},
      {"mov pc, lr", 0x46f7, 2, 1, BL_INDIRECT_BRANCH},
      {"add pc, r0", 0x4487, 2, 1, BL_INDIRECT_BRANCH},
      {"cmp r8, pc", 0x45f8, 2, 1, BL_NO_BRANCH},
      {"bx lr", 0x4770, 2, 1, BL_INDIRECT_BRANCH},
      {"blx r3", 0x4798, 2, 1, BL_INDIRECT_BRANCH},
      {"ldr r0, [pc, #4]", 0x4801, 2, 2, BL_NO_BRANCH},
      {"ldrsb r0, [r1, r2]", 0x5688, 2, 2, BL_NO_BRANCH},
      {"str r0, [r1]", 0x6008, 2, 2, BL_NO_BRANCH},
      {"ldrb r0, [r1]", 0x7808, 2, 2, BL_NO_BRANCH},
      {"ldrh r0, [r1]", 0x8808, 2, 2, BL_NO_BRANCH},
      {"ldr r0, [sp]", 0x9800, 2, 2, BL_NO_BRANCH},
      {"push {r4-r7, lr}", 0xb5f0, 2, 6, BL_NO_BRANCH},
      {"pop {r4, r5}", 0xbc30, 2, 3, BL_NO_BRANCH},
      {"pop {r4-r7, pc}", 0xbdf0, 2, 6, BL_INDIRECT_BRANCH},
      {"cbz r0, .+4", 0xb100, 2, 1, BL_DIRECT_BRANCH},
      {"sxtb r0, r1", 0xb248, 2, 1, BL_NO_BRANCH},
      {"it eq", 0xbf08, 2, 0, BL_NO_BRANCH},
      {"nop", 0xbf00, 2, 1, BL_NO_BRANCH},
      {"stmia r0!, {r1-r3}", 0xc00e, 2, 4, BL_NO_BRANCH},
      {"ldmia r0!, {r1-r3}", 0xc80e, 2, 4, BL_NO_BRANCH},
      {"bne .", 0xd1fe, 2, 1, BL_DIRECT_BRANCH},
      {"svc #0", 0xdf00, 2, 1, BL_NO_BRANCH},
      {"b .", 0xe7fe, 2, 1, BL_DIRECT_BRANCH},
      {"ldr.w r0, [r1, #4]", 0xf8d10004, 4, 2, BL_NO_BRANCH},
      {"ldr.w pc, [r1, #4]", 0xf8d1f004, 4, 2, BL_INDIRECT_BRANCH},
      {"str.w r0, [r1], #4", 0xf8410b04, 4, 2, BL_NO_BRANCH},
      {"ldrd r0, r1, [r2]", 0xe9d20100, 4, 3, BL_NO_BRANCH},
      {"strd r0, r1, [r2], #8", 0xe8e20102, 4, 3, BL_NO_BRANCH},
      {"ldrex r0, [r1]", 0xe8510f00, 4, 2, BL_NO_BRANCH},
      {"tbb [pc, r0]", 0xe8dff000, 4, 2, BL_INDIRECT_BRANCH},
      {"tbh [pc, r0, lsl #1]", 0xe8dff010, 4, 2, BL_INDIRECT_BRANCH},
      {"ldmia.w r0!, {r4-r11}", 0xe8b00ff0, 4, 9, BL_NO_BRANCH},
      {"ldmia.w sp!, {r4-r8, pc}", 0xe8bd81f0, 4, 7, BL_INDIRECT_BRANCH},
      {"stmdb sp!, {r4-r8, lr}", 0xe92d41f0, 4, 7, BL_NO_BRANCH},
      {"bl .", 0xf7fffffe, 4, 1, BL_DIRECT_BRANCH},
      {"b.w .", 0xf7ffbffe, 4, 1, BL_DIRECT_BRANCH},
      {"beq.w .", 0xf43faffe, 4, 1, BL_DIRECT_BRANCH},
      {"dsb", 0xf3bf8f4f, 4, 2, BL_NO_BRANCH},
      {"mrs r0, primask", 0xf3ef8010, 4, 1, BL_NO_BRANCH},
      {"add.w r0, r1, r2, lsl #3", 0xeb0100c2, 4, 1, BL_NO_BRANCH},
      {"movw r0, #4660", 0xf2412034, 4, 1, BL_NO_BRANCH},
      {"mla r0, r1, r2, r3", 0xfb013002, 4, 1, BL_NO_BRANCH},
      {"smlad r0, r1, r2, r3", 0xfb213002, 4, 1, BL_NO_BRANCH},
      {"smlal r0, r1, r2, r3", 0xfbc20103, 4, 1, BL_NO_BRANCH},
      {"smlald r0, r1, r2, r3", 0xfbc201c3, 4, 1, BL_NO_BRANCH},
      {"sdiv r0, r1, r2", 0xfb91f0f2, 4, 7, BL_NO_BRANCH},
      {"udiv r0, r1, r2", 0xfbb1f0f2, 4, 7, BL_NO_BRANCH},
      {"sxtab16 r0, r1, r2", 0xfa21f082, 4, 1, BL_NO_BRANCH},
      {"ssat r0, #8, r1", 0xf3010007, 4, 1, BL_NO_BRANCH},
      {"vldr s0, [r0]", 0xed900a00, 4, 2, BL_NO_BRANCH},
      {"vldr d0, [r0]", 0xed900b00, 4, 3, BL_NO_BRANCH},
      {"vpush {s16-s19}", 0xed2d8a04, 4, 5, BL_NO_BRANCH},
      {"vmov d0, r0, r1", 0xec410b10, 4, 2, BL_NO_BRANCH},
      {"vadd.f32 s0, s1, s2", 0xee300a81, 4, 1, BL_NO_BRANCH},
      {"vmul.f32 s0, s1, s2", 0xee200a81, 4, 1, BL_NO_BRANCH},
      {"vmla.f32 s0, s1, s2", 0xee000a81, 4, 3, BL_NO_BRANCH},
      {"vfma.f32 s0, s1, s2", 0xeea00a81, 4, 3, BL_NO_BRANCH},
      {"vdiv.f32 s0, s1, s2", 0xee800a81, 4, 14, BL_NO_BRANCH},
      {"vsqrt.f32 s0, s1", 0xeeb10ae0, 4, 14, BL_NO_BRANCH},
      {"vneg.f32 s0, s1", 0xeeb10a60, 4, 1, BL_NO_BRANCH},
      {"vmov s0, r0", 0xee000a10, 4, 1, BL_NO_BRANCH},
  };
  for (const Encoding& e : encodings) {
    const bl_instruction decoded = Decode(kM4, e.code, e.size);
    EXPECT_EQ(int{decoded.cycles}, e.cycles) << e.assembly;
    EXPECT_EQ(int{decoded.branch}, e.branch) << e.assembly;
  }
}

TEST(CortexM4Test, ParametersAreThoseOfTheModel) {
  EXPECT_EQ(Decode({BL_MODEL_CORTEX_M4, 2, 12}, 0xfbb1f0f2, 4).cycles, 12);
}

uint32_t Sum(const bl_cycle_model& model, const std::vector<bl_instruction>& instructions) {
  bl_overlap overlap = {};
  uint32_t cycles = 0;
  for (const bl_instruction& next : instructions) cycles += bl_step(&model, &overlap, &next);
  return cycles;
}

TEST(CortexM4Test, NeighbouringLoadsAndStoresArePipelined) {
  const bl_instruction load = Decode(kM4, 0x6808, 2), add = Decode(kM4, 0x1888, 2);
  EXPECT_EQ(Sum(kM4, {load}), 2u);
  EXPECT_EQ(Sum(kM4, {load, load, load}), 4u);
  EXPECT_EQ(Sum(kM4, {load, add, load}), 5u);
}

TEST(CortexM7Test, IndependentInstructionsOfDifferentUnitsIssueTogether) {
  const bl_instruction load_r0 = Decode(kM7, 0x6808, 2);     // ldr r0, [r1]
  const bl_instruction load_r2 = Decode(kM7, 0x680a, 2);     // ldr r2, [r1]
  const bl_instruction add_r3 = Decode(kM7, 0xeb040305, 4);  // add.w r3, r4, r5
  const bl_instruction use_r0 = Decode(kM7, 0xeb000305, 4);  // add.w r3, r0, r5
  EXPECT_EQ(Sum(kM7, {load_r0, add_r3}), 1u);
  EXPECT_EQ(Sum(kM7, {load_r0, load_r2}), 2u);  // One load-store pipeline.
  EXPECT_EQ(Sum(kM7, {load_r0, use_r0}), 2u);   // The second needs the first.
  EXPECT_EQ(Sum(kM7, {load_r0, add_r3, load_r2}), 2u);
}

TEST(CortexM7Test, DestinationsAreFound) {
  EXPECT_EQ(Decode(kM7, 0xfbc20103, 4).writes, 0b11);            // smlal r0, r1, r2, r3
  EXPECT_EQ(Decode(kM7, 0xfbc20103, 4).reads, 0b1111);           // ... accumulates
  EXPECT_EQ(Decode(kM7, 0xfb013002, 4).reads, 0b1110);           // mla r0, r1, r2, r3
  EXPECT_EQ(Decode(kM7, 0xf8410b04, 4).writes, 0b10);            // str r0, [r1], #4
  EXPECT_EQ(Decode(kM7, 0xe9d20100, 4).writes, 0b11);            // ldrd r0, r1, [r2]
  EXPECT_EQ(Decode(kM7, 0xbdf0, 2).branch, BL_INDIRECT_BRANCH);  // pop {..., pc}
  EXPECT_EQ(Decode(kM7, 0x4298, 2).writes_flags, 1);             // cmp r0, r3
}

// A program: a random walk over code without branches, then cut in any way, entered block by block.
class SegmentTest : public testing::TestWithParam<bl_cycle_model> {};

TEST_P(SegmentTest, CountDoesNotDependOnTheCuts) {
  const bl_cycle_model model = GetParam();
  const uint32_t codes[] = {0x6808, 0x680a, 0x6008, 0x1888, 0x2001, 0x4348, 0xbf08, 0xb430};
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<bl_instruction> program;
    for (int i = 0; i < 40; ++i) program.push_back(Decode(model, codes[random() % 8], 2));
    const uint32_t whole = Sum(model, program);
    bl_cycle_count count = {};
    for (size_t i = 0; i < program.size();) {
      bl_segment segment;
      bl_segment_begin(&segment, static_cast<uint32_t>(2 * i));
      for (size_t left = random() % 7; left > 0 && i < program.size(); --left, ++i) {
        bl_segment_add(&model, &segment, &program[i], static_cast<uint32_t>(2 * (i + 1)));
      }
      bl_count_segment(&model, &count, &segment);  // Some are empty, as at a mark.
    }
    EXPECT_EQ(count.cycles, whole) << "seed " << seed;
    EXPECT_EQ(count.instructions, program.size());
  }
}

TEST_P(SegmentTest, RefillIsPaidByTakenBranchesOnly) {
  const bl_cycle_model model = GetParam();
  const bl_instruction bx = Decode(model, 0x4770, 2);
  for (const bool taken : {false, true}) {
    bl_cycle_count count = {};
    bl_segment segment, next;
    bl_segment_begin(&segment, 0x100);
    bl_segment_add(&model, &segment, &bx, 0x102);
    bl_count_segment(&model, &count, &segment);
    bl_segment_begin(&next, taken ? 0x200 : 0x102);
    bl_count_segment(&model, &count, &next);
    EXPECT_EQ(count.cycles, taken ? 3u : 1u);
    EXPECT_EQ(count.instructions, 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, SegmentTest, testing::Values(kM4, kM7), [](const auto& model) {
  return std::string(model.param.core == 4 ? "CortexM4" : "CortexM7");
});

}  // namespace
}  // namespace boardloop::vboard
