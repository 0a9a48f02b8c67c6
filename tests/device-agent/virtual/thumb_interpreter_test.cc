#include "device-agent/virtual/thumb_interpreter.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace boardloop::vboard {
namespace {

using Result = ThumbInterpreter::Result;

constexpr uint32_t kBase = 0x20000000;

class ArrayMemory : public StubMemory {
 public:
  explicit ArrayMemory(const std::vector<uint16_t>& code) : bytes_(4096) {
    std::memcpy(bytes_.data(), code.data(), 2 * code.size());
  }
  uint32_t Load(uint32_t address, int size) override {
    uint32_t value = 0;
    std::memcpy(&value, &bytes_.at(address - kBase), static_cast<size_t>(size));
    return value;
  }
  void Store(uint32_t address, int size, uint32_t value) override {
    std::memcpy(&bytes_.at(address - kBase), &value, static_cast<size_t>(size));
  }

 private:
  std::vector<uint8_t> bytes_;
};

using Registers = std::array<uint32_t, 17>;

// Runs code, which ends in a BKPT, and returns the registers.
Registers Execute(std::vector<uint16_t> code, Registers registers = {}) {
  code.push_back(0xbe00);
  ArrayMemory memory(code);
  registers[13] = kBase + 2048;
  registers[15] = kBase;
  ThumbInterpreter interpreter(memory, registers);
  for (int i = 0; i < 1000; ++i) {
    const Result result = interpreter.Step();
    if (result == Result::kContinue) continue;
    EXPECT_EQ(result, Result::kBreakpoint);
    return interpreter.registers();
  }
  ADD_FAILURE() << "the code does not end";
  return {};
}

constexpr uint32_t kN = 1u << 31, kZ = 1u << 30, kC = 1u << 29, kV = 1u << 28;

uint32_t Flags(const Registers& registers) { return registers[16] & 0xf0000000; }

TEST(ThumbInterpreterTest, AdditionSetsAllFlags) {
  const std::vector<uint16_t> adds = {0x1840};  // adds r0, r0, r1
  EXPECT_EQ(Flags(Execute(adds, {0x7fffffff, 1})), kN | kV);
  EXPECT_EQ(Flags(Execute(adds, {0xffffffff, 1})), kZ | kC);
  EXPECT_EQ(Execute(adds, {3, 4})[0], 7u);
}

TEST(ThumbInterpreterTest, CompareHasCarryWithoutBorrow) {
  const std::vector<uint16_t> cmp = {0x4288};  // cmp r0, r1
  EXPECT_EQ(Flags(Execute(cmp, {5, 5})), kZ | kC);
  EXPECT_EQ(Flags(Execute(cmp, {4, 5})), kN);
}

TEST(ThumbInterpreterTest, ShiftsTakeTheirAmountsAsTheArchitectureSays) {
  EXPECT_EQ(Execute({0x0808}, {0, 0x80000000})[0], 0u);  // lsrs r0, r1, #32
  EXPECT_EQ(Flags(Execute({0x0808}, {0, 0x80000000})), kZ | kC);
  EXPECT_EQ(Execute({0x1008}, {0, 0x80000000})[0], 0xffffffffu);  // asrs r0, r1, #32
  EXPECT_EQ(Execute({0x4088}, {1, 33})[0], 0u);                   // lsls r0, r1
  EXPECT_EQ(Execute({0x41c8}, {0x12345678, 8})[0], 0x78123456u);  // rors r0, r1
}

TEST(ThumbInterpreterTest, LoopRunsToItsCount) {
  // movs r0, #0; movs r1, #10; 1: adds r0, r1; subs r1, #1; bne 1b
  EXPECT_EQ(Execute({0x2000, 0x210a, 0x1840, 0x3901, 0xd1fc})[0], 55u);
}

TEST(ThumbInterpreterTest, PushAndPopAreInverse) {
  // push {r0, r1, lr}; pop {r2, r3, r4}
  const Registers after = Execute({0xb503, 0xbc1c}, {7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});
  EXPECT_EQ(after[2], 7u);
  EXPECT_EQ(after[3], 8u);
  EXPECT_EQ(after[4], 9u);
  EXPECT_EQ(after[13], kBase + 2048);
}

TEST(ThumbInterpreterTest, CallReturns) {
  // bl 1f; b 2f; 1: movs r0, #3; bx lr; 2:
  EXPECT_EQ(Execute({0xf000, 0xf801, 0xe001, 0x2003, 0x4770})[0], 3u);
}

TEST(ThumbInterpreterTest, ItBlockSkipsAndLeavesFlags) {
  // cmp r0, #0; ite eq; moveq r1, #1; movne r1, #2
  const std::vector<uint16_t> code = {0x2800, 0xbf0c, 0x2101, 0x2102};
  EXPECT_EQ(Execute(code, {0})[1], 1u);
  EXPECT_EQ(Execute(code, {5})[1], 2u);
  EXPECT_EQ(Flags(Execute(code, {0})), kZ | kC);
}

TEST(ThumbInterpreterTest, MemoryAccessesHaveTheirWidthAndSign) {
  // strb r0, [r1]; ldrsb r2, [r1, r3]; strh.w; ldrsh.w r4, [r1]
  const Registers after =
      Execute({0x7008, 0x56ca, 0xf8a1, 0x0002, 0xf9b1, 0x4002}, {0xfff5, kBase + 1024, 0, 0});
  EXPECT_EQ(after[2], 0xfffffff5u);
  EXPECT_EQ(after[4], 0xfffffff5u);
}

TEST(ThumbInterpreterTest, IndexedStoresWriteBack) {
  // str r0, [r1], #4; str r0, [r1, #-4]!
  EXPECT_EQ(Execute({0xf841, 0x0b04}, {1, kBase + 1024})[1], kBase + 1028);
  EXPECT_EQ(Execute({0xf841, 0x0d04}, {1, kBase + 1024})[1], kBase + 1020);
}

TEST(ThumbInterpreterTest, WideConstantsAndFields) {
  // movw r0, #0x5678; movt r0, #0x1234; ubfx r1, r0, #8, #12; bfi r2, r0, #4, #8
  const Registers after =
      Execute({0xf245, 0x6078, 0xf2c1, 0x2034, 0xf3c0, 0x210b, 0xf360, 0x120b}, {0, 0, 0xffffffff});
  EXPECT_EQ(after[0], 0x12345678u);
  EXPECT_EQ(after[1], 0x456u);
  EXPECT_EQ(after[2], 0xfffff78fu);
}

TEST(ThumbInterpreterTest, ModifiedImmediatesExpand) {
  EXPECT_EQ(Execute({0xf04f, 0x30ff})[0], 0xffffffffu);  // mov.w r0, #0xffffffff
  EXPECT_EQ(Execute({0xf04f, 0x20ab})[0], 0xab00ab00u);  // mov.w r0, #0xab00ab00
  EXPECT_EQ(Execute({0xf04f, 0x4080})[0], 0x40000000u);  // mov.w r0, #0x40000000
}

TEST(ThumbInterpreterTest, MultiplyAndDivide) {
  EXPECT_EQ(Execute({0xfb01, 0x3002}, {0, 6, 7, 5})[0], 47u);  // mla r0, r1, r2, r3
  const Registers product =
      Execute({0xfba2, 0x0103}, {0, 0, 0xffffffff, 2});  // umull r0, r1, r2, r3
  EXPECT_EQ(product[0], 0xfffffffeu);
  EXPECT_EQ(product[1], 1u);
  EXPECT_EQ(Execute({0xfb91, 0xf0f2}, {0, static_cast<uint32_t>(-7), 2})[0],
            static_cast<uint32_t>(-3));
  EXPECT_EQ(Execute({0xfb91, 0xf0f2}, {0, 0x80000000, 0xffffffff})[0], 0x80000000u);
  EXPECT_EQ(Execute({0xfbb1, 0xf0f2}, {0, 7, 0})[0], 0u);
}

TEST(ThumbInterpreterTest, UnknownInstructionStopsAtIt) {
  ArrayMemory memory({0x2001, 0xee30, 0x0a81});  // movs; vadd.f32
  Registers registers{};
  registers[15] = kBase;
  ThumbInterpreter interpreter(memory, registers);
  EXPECT_EQ(interpreter.Step(), Result::kContinue);
  EXPECT_EQ(interpreter.Step(), Result::kUnknown);
  EXPECT_EQ(interpreter.registers()[15], kBase + 2);
}

}  // namespace
}  // namespace boardloop::vboard
