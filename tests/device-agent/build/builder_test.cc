// Images of generated networks: every board type builds them, and on QEMU's machines they give the
// bytes of core/quant.
#include "device-agent/build/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/board/board_type.h"
#include "core/graph/graph.h"
#include "core/quant/interpreter.h"
#include "device-agent/build/elf_file.h"
#include "device-agent/build/firmware_sources.h"
#include "device-agent/build/resident_image.h"
#include "firmware/codegen/emit_resident.h"
#include "firmware/runner/pattern.h"
#include "tests/firmware/runner/qemu_board.h"
#include "tests/firmware/runner/test_network.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr uint32_t kSeed = 5;

Model SmallModel() {
  GraphBuilder builder("small");
  int32_t x = builder.Input({24, 24, 3});
  x = builder.Conv("stem", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.Depthwise("depthwise", x, CenteredWindow(3, 1), Activation::kRelu6);
  x = builder.Conv("project", x, 16, CenteredWindow(1, 1), Activation::kNone);
  x = builder.FullyConnected("classifier", builder.Mean("mean", x), 10);
  return RandomModel(*std::move(builder).Build({x}), 1);
}

EngineProgram ProgramFor(const Model& model, const BoardType& board) {
  PlanOptions options;
  options.regions = board.ArenaRegions();
  absl::StatusOr<Plan> plan = PlanGraph(model.graph, options);
  EXPECT_THAT(plan, IsOk());
  absl::StatusOr<EngineProgram> program = MakeEngineProgram(model, *plan, KernelSet::kDsp);
  EXPECT_THAT(program, IsOk());
  return *std::move(program);
}

std::vector<uint8_t> ExpectedOutput(const Model& model) {
  std::vector<int8_t> input(model.graph.shape(model.graph.input).elements());
  bl_pattern_read(kSeed, 0, static_cast<uint32_t>(input.size()), input.data());
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  EXPECT_THAT(interpreter, IsOk());
  EXPECT_THAT(interpreter->Run(input), IsOk());
  return {interpreter->Output().begin(), interpreter->Output().end()};
}

class BuilderTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/boardloop-builder-XXXXXX";  // Short: it holds a socket.
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static BoardType Load(const std::string& name) {
    absl::StatusOr<BoardType> board = LoadBoardType(name);
    EXPECT_THAT(board, IsOk());
    return board.value_or(BoardType{});
  }

  static Builder MakeBuilder() {
    absl::StatusOr<Toolchain> toolchain = FindToolchain();
    EXPECT_THAT(toolchain, IsOk());
    absl::StatusOr<std::string> sources = FindFirmwareSources();
    EXPECT_THAT(sources, IsOk());
    return Builder(*toolchain, {SharedBuildCache(), *sources, 0});
  }

  std::string folder_;
};

TEST_F(BuilderTest, EveryBoardTypeBuildsANetworkWithAnArenaOfThePlannedSize) {
  const Model model = SmallModel();
  Builder builder = MakeBuilder();
  for (const std::string& name : BoardTypeNames()) {
    const BoardType board = Load(name);
    if (!board.support.has_value()) continue;
    const EngineProgram program = ProgramFor(model, board);
    absl::StatusOr<FirmwareImage> image = builder.BuildImage(board, program);
    ASSERT_THAT(image, IsOk()) << name;
    absl::StatusOr<ElfContents> contents = ReadElf(image->elf);
    ASSERT_THAT(contents, IsOk()) << name;
    int64_t arena = 0;
    for (size_t i = 0; i < program.region_bytes.size(); ++i) {
      if (program.region_bytes[i] == 0) continue;
      EXPECT_EQ(contents->symbol_bytes.at("bl_model_arena" + std::to_string(i)),
                program.region_bytes[i])
          << name;
      arena += program.region_bytes[i];
    }
    EXPECT_EQ(image->size.arena, arena) << name;
    EXPECT_EQ(image->size.weights, program.weight_bytes) << name;
    EXPECT_GT(image->size.constants, 0) << name;
    EXPECT_LE(image->size.code, board.reserves.code_bytes) << name;
    EXPECT_LE(image->size.data, board.reserves.data_bytes) << name;
  }
}

TEST_F(BuilderTest, AnImageGivesTheReferencesBytes) {
  const Model model = SmallModel();
  Builder builder = MakeBuilder();
  for (const char* name : {"virtual-stm32f405", "virtual-stm32f746"}) {
    SCOPED_TRACE(name);
    const BoardType board = Load(name);
    const EngineProgram program = ProgramFor(model, board);
    absl::StatusOr<FirmwareImage> image = builder.BuildImage(board, program);
    ASSERT_THAT(image, IsOk());
    const std::string folder = folder_ + "/" + std::to_string(board.clock_hz);
    fs::create_directory(folder);
    absl::StatusOr<std::unique_ptr<QemuBoard>> qemu = QemuBoard::Start(board, *image, folder);
    ASSERT_THAT(qemu, IsOk());
    absl::StatusOr<bl_mailbox> mailbox = (*qemu)->Execute({.seed = kSeed, .runs = 2});
    ASSERT_THAT(mailbox, IsOk());
    EXPECT_EQ(mailbox->result, uint32_t{BL_RESULT_OK});
    EXPECT_EQ(mailbox->laps_per_run, program.LapSteps().size());
    EXPECT_THAT((*qemu)->Read(mailbox->output_address, mailbox->output_bytes),
                IsOkAndHolds(ExpectedOutput(model)));
  }
}

TEST_F(BuilderTest, AResidentImageFillsTheFlashAndRunsACallTable) {
  Builder builder = MakeBuilder();
  for (const char* name : {"virtual-stm32f405", "virtual-stm32f746"}) {
    SCOPED_TRACE(name);
    const BoardType board = Load(name);
    absl::StatusOr<FirmwareImage> image = builder.BuildResident(board);
    ASSERT_THAT(image, IsOk());
    EXPECT_LE(image->size.flash, board.FlashBytes());
    EXPECT_GT(image->size.flash, board.FlashBytes() - 2048);
    absl::StatusOr<ResidentImage> resident = DescribeResident(*image, board);
    ASSERT_THAT(resident, IsOk());
    const EngineProgram program = ProgramFor(SmallModel(), board);
    absl::StatusOr<ResidentProgram> table = EmitResident(program, *resident);
    ASSERT_THAT(table, IsOk());

    const std::string folder = folder_ + "/" + std::to_string(board.clock_hz);
    fs::create_directory(folder);
    absl::StatusOr<std::unique_ptr<QemuBoard>> qemu = QemuBoard::Start(board, *image, folder);
    ASSERT_THAT(qemu, IsOk());
    ASSERT_THAT((*qemu)->Write(table->address, table->bytes), IsOk());
    absl::StatusOr<bl_mailbox> mailbox =
        (*qemu)->Execute({.network = table->network_address, .seed = kSeed});
    ASSERT_THAT(mailbox, IsOk());
    EXPECT_EQ(mailbox->state, uint32_t{BL_STATE_DONE});
    EXPECT_EQ(mailbox->result, uint32_t{BL_RESULT_OK});
    EXPECT_EQ(mailbox->laps_per_run, program.LapSteps().size());
  }
}

TEST_F(BuilderTest, ResidentImagesOfAllBoardTypesFit) {
  Builder builder = MakeBuilder();
  for (const std::string& name : BoardTypeNames()) {
    const BoardType board = Load(name);
    if (!board.support.has_value()) continue;
    absl::StatusOr<FirmwareImage> image = builder.BuildResident(board);
    ASSERT_THAT(image, IsOk()) << name;
    EXPECT_LE(image->size.data, board.reserves.data_bytes) << name;
    absl::StatusOr<ResidentImage> resident = DescribeResident(*image, board);
    ASSERT_THAT(resident, IsOk()) << name;
    EXPECT_GE(resident->constants_bytes, board.FlashBytes() / 2) << name;
  }
}

// Without a lock between them: each may compile what the others compile too.
TEST_F(BuilderTest, ThreadsThatFillOneCacheGetOneImage) {
  const BoardType board = Load("virtual-stm32f405");
  const EngineProgram program = ProgramFor(SmallModel(), board);
  const Builder shared(*FindToolchain(), {folder_ + "/cache", *FindFirmwareSources(), 1});
  const Builder other(*FindToolchain(), {folder_ + "/cache", *FindFirmwareSources(), 1});
  std::vector<absl::StatusOr<FirmwareImage>> images(3, absl::UnknownError(""));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < images.size(); ++i) {
    threads.emplace_back(
        [&, i] { images[i] = (i == 0 ? other : shared).BuildImage(board, program); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::StatusOr<FirmwareImage>& image : images) {
    ASSERT_THAT(image, IsOk());
    EXPECT_EQ(image->digest, images[0]->digest);
  }
  absl::StatusOr<FirmwareImage> again = shared.BuildImage(board, program);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->from_cache);
  EXPECT_EQ(again->digest, images[0]->digest);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_ + "/cache")) {
    EXPECT_THAT(entry.path().filename().string(), testing::AnyOf("objects", "images"));
  }
}

TEST_F(BuilderTest, WithoutABoardsResidentImageThereIsNothingToDescribe) {
  Builder builder = MakeBuilder();
  const BoardType board = Load("virtual-stm32f405");
  absl::StatusOr<FirmwareImage> image = builder.BuildImage(board, ProgramFor(SmallModel(), board));
  ASSERT_THAT(image, IsOk());
  EXPECT_THAT(DescribeResident(*image, board),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a resident image")));
}

}  // namespace
}  // namespace boardloop
