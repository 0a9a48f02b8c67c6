#include "firmware/codegen/emit_resident.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "tests/firmware/codegen/compiled_network.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::AllOf;
using testing::HasSubstr;

EngineProgram SmallProgram() {
  GraphBuilder builder("small");
  int32_t x = builder.Input({12, 12, 3});
  x = builder.Conv("conv", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.FullyConnected("classifier", builder.Mean("mean", x), 4);
  const Graph graph = *std::move(builder).Build({x});
  absl::StatusOr<Plan> plan = PlanGraph(graph, {});
  EXPECT_THAT(plan, IsOk());
  absl::StatusOr<EngineProgram> program =
      MakeEngineProgram(RandomModel(graph, 1), *plan, KernelSet::kPortable);
  EXPECT_THAT(program, IsOk());
  return *std::move(program);
}

// 16 kB of RAM: the table from its start, the arena at its end.
ResidentImage SmallImage(const EngineProgram& program) {
  ResidentImage image;
  uint32_t address = 0x08000400;
  for (const std::string& kernel : program.Kernels()) image.symbols[kernel] = address += 64;
  image.symbols["bl_run_stages"] = address + 64;
  image.constants_address = 0x08010000;
  image.constants_bytes = 4096;
  image.table_address = 0x20000000;
  image.region_begin = {0x20000000};
  image.region_end = {0x20004000};
  return image;
}

uint32_t Word(const ResidentProgram& resident, uint32_t address) {
  const uint8_t* at = resident.bytes.data() + (address - resident.address);
  return uint32_t{at[0]} | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
}

TEST(EmitResidentTest, TheNetworkLeadsToItsCalls) {
  const EngineProgram program = SmallProgram();
  const ResidentImage image = SmallImage(program);
  absl::StatusOr<ResidentProgram> resident = EmitResident(program, image);
  ASSERT_THAT(resident, IsOk());
  const uint32_t network = resident->network_address;
  EXPECT_EQ(Word(*resident, network + 4), 3u);  // step_count
  EXPECT_EQ(Word(*resident, network + 8),
            0x20004000 - program.region_bytes[0] + program.input.offset);
  EXPECT_EQ(Word(*resident, network + 32), image.symbols.at("bl_run_stages") | 1);
  EXPECT_EQ(Word(*resident, network + 40), 1u);  // stage_count
  const uint32_t stage = Word(*resident, network + 36);
  EXPECT_EQ(Word(*resident, stage + 4), 3u);  // call_count
  const uint32_t call = Word(*resident, stage);
  EXPECT_EQ(Word(*resident, call), image.symbols.at("bl_conv_s8") | 1);
  const uint32_t params = Word(*resident, call + 4);
  EXPECT_EQ(Word(*resident, params), Word(*resident, network + 8));  // Reads the input.
}

TEST(EmitResidentTest, WeightsOfEachCallLieWhollyInTheBlob) {
  const EngineProgram program = SmallProgram();
  ResidentImage image = SmallImage(program);
  // Holds the larger call, but not both.
  int64_t largest = 0;
  for (const EngineCall& call : program.stages[0].calls) {
    largest = std::max(largest, call.data_bytes);
  }
  image.constants_bytes = largest;
  absl::StatusOr<ResidentProgram> resident = EmitResident(program, image);
  ASSERT_THAT(resident, IsOk());
  const uint32_t calls = Word(*resident, Word(*resident, resident->network_address + 36));
  for (uint32_t c : {0, 2}) {
    const uint32_t params = Word(*resident, calls + 24 * c + 4);
    EXPECT_EQ(Word(*resident, params + 64), image.constants_address) << "call " << c;
  }
}

// The classifier's parameter behind `filter`.
uint32_t RealChannels(const ResidentProgram& resident) {
  const uint32_t calls = Word(resident, Word(resident, resident.network_address + 36));
  return Word(resident, Word(resident, calls + 24 * 2 + 4) + 68);
}

TEST(EmitResidentTest, FullyConnectedLayersHaveTheImagesMultipliers) {
  const EngineProgram program = SmallProgram();
  ResidentImage image = SmallImage(program);
  image.real_channels_address = 0x08020000;
  image.real_channels_bytes = 4 * 12;
  absl::StatusOr<ResidentProgram> resident = EmitResident(program, image);
  ASSERT_THAT(resident, IsOk());
  EXPECT_EQ(RealChannels(*resident), image.real_channels_address);
}

TEST(EmitResidentTest, FullyConnectedLayersOfMoreOutputsBringTheirOwnMultipliers) {
  const EngineProgram program = SmallProgram();
  ResidentImage image = SmallImage(program);
  image.real_channels_address = 0x08020000;
  image.real_channels_bytes = 4 * 12 - 1;
  absl::StatusOr<ResidentProgram> resident = EmitResident(program, image);
  ASSERT_THAT(resident, IsOk());
  const EngineCall& call = program.stages[0].calls[2];
  const std::vector<uint8_t>& constants = program.constants;
  ASSERT_EQ(call.fields[1].name, "channels");
  const uint32_t at = RealChannels(*resident) - resident->address;
  ASSERT_LE(at + 48, resident->bytes.size());
  EXPECT_TRUE(std::equal(resident->bytes.begin() + at, resident->bytes.begin() + at + 48,
                         constants.begin() + call.fields[1].value));
}

TEST(EmitResidentTest, RefusesWeightsThatTheBlobCannotHold) {
  const EngineProgram program = SmallProgram();
  ResidentImage image = SmallImage(program);
  image.constants_bytes = 100;
  EXPECT_THAT(EmitResident(program, image),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("step 0 (conv)"), HasSubstr("has 100 B"))));
}

TEST(EmitResidentTest, RefusesATableThatReachesTheArena) {
  const EngineProgram program = SmallProgram();
  ResidentImage image = SmallImage(program);
  const auto arena = static_cast<uint32_t>(program.region_bytes[0]);
  image.region_end[0] = image.table_address + arena + 100;
  EXPECT_THAT(EmitResident(program, image),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("leaves it 100 B")));
}

TEST(EmitResidentTest, RefusesATableThatLeavesItsMemory) {
  const EngineProgram program = SmallProgram();
  ResidentImage image = SmallImage(program);
  image.table_address = 0x10000000;
  image.table_end = 0x10000040;
  EXPECT_THAT(EmitResident(program, image), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(EmitResidentTest, RefusesAnArenaLargerThanItsRegion) {
  const EngineProgram program = SmallProgram();
  ResidentImage image = SmallImage(program);
  image.region_end[0] = image.region_begin[0] + 16;
  EXPECT_THAT(EmitResident(program, image),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("too few")));
}

TEST(EmitResidentTest, NamesAKernelThatTheImageLacks) {
  const EngineProgram program = SmallProgram();
  ResidentImage image = SmallImage(program);
  image.symbols.erase("bl_mean_s8");
  EXPECT_THAT(EmitResident(program, image),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("bl_mean_s8")));
}

// The order in which EmitResident writes words is that of the members in engine.h, without gaps.
TEST(EmitResidentTest, StructsAreWordsInTheOrderOfTheirMembers) {
  if (!RunIn(".", {"arm-none-eabi-gcc", "--version"}).ok()) {
    GTEST_SKIP() << "no arm-none-eabi-gcc";
  }
  const std::vector<std::pair<std::string, std::vector<std::string>>> structs = {
      {"bl_network",
       {"engine_version", "step_count", "input", "input_height", "input_width", "input_channels",
        "output", "output_bytes", "run", "stages", "stage_count"}},
      {"bl_stage",
       {"calls", "call_count", "grid_rows", "grid_columns", "input_rows", "input_columns",
        "input_buffer"}},
      {"bl_call", {"kernel", "params", "params_bytes", "step", "rows", "columns"}},
      {"bl_tile_axis",
       {"input_first", "input_count", "second_first", "output_first", "output_count", "pad",
        "input_pitch", "second_pitch", "output_pitch"}},
      {"bl_input_range", {"first", "count"}},
      {"bl_geometry",
       {"input", "second", "output", "scratch", "scratch_bytes", "input_height", "input_width",
        "input_channels", "output_height", "output_width", "output_channels", "input_pitch",
        "second_pitch", "output_pitch", "pad_top", "pad_left"}}};
  std::string text = "#include <stddef.h>\n#include \"firmware/engine/engine.h\"\n";
  for (const auto& [name, members] : structs) {
    for (size_t i = 0; i < members.size(); ++i) {
      absl::StrAppend(&text, "_Static_assert(offsetof(", name, ", ", members[i], ") == ", 4 * i,
                      ", \"", name, ".", members[i], "\");\n");
    }
    absl::StrAppend(&text, "_Static_assert(sizeof(", name, ") == ", 4 * members.size(), ", \"",
                    name, "\");\n");
  }
  TestFolder folder;
  ASSERT_THAT(WriteFileAtomically(folder.File("layout.c"), text), IsOk());
  EXPECT_THAT(RunIn(".", {"arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-std=c11", "-I.",
                          "-c", folder.File("layout.c"), "-o", folder.File("layout.o")}),
              IsOk());
}

}  // namespace
}  // namespace boardloop
