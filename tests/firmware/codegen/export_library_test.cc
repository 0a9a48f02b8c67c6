#include "firmware/codegen/export_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "core/base/files.h"
#include "tests/firmware/codegen/compiled_network.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

// All tests run in the source tree.
constexpr char kSourceFolder[] = ".";

EngineProgram SmallProgram(InputMode input, KernelSet kernels) {
  GraphBuilder builder("small");
  int32_t x = builder.Input({12, 12, 3});
  x = builder.Conv("conv", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.Depthwise("depthwise", x, CenteredWindow(3, 1), Activation::kRelu6);
  x = builder.Conv("project", x, 8, Window{}, Activation::kNone);
  x = builder.FullyConnected("classifier", builder.Mean("mean", x), 4);
  const Graph graph = *std::move(builder).Build({x});
  PlanOptions options;
  options.input = input;
  absl::StatusOr<Plan> plan = PlanGraph(graph, options);
  EXPECT_THAT(plan, IsOk());
  absl::StatusOr<EngineProgram> program = MakeEngineProgram(RandomModel(graph, 1), *plan, kernels);
  EXPECT_THAT(program, IsOk());
  return *std::move(program);
}

TEST(ExportLibraryTest, OneCommandBuildsTheExample) {
  for (InputMode input : {InputMode::kResident, InputMode::kStreamed}) {
    TestFolder folder;
    ASSERT_THAT(
        ExportLibrary(SmallProgram(input, KernelSet::kPortable), {}, kSourceFolder, folder.path()),
        IsOk());
    ASSERT_THAT(RunIn(folder.path(), {"sh", "-c", "cc -std=c11 -Wall -Wextra -Werror *.c *.S"}),
                IsOk());
    absl::StatusOr<std::string> output = RunIn(folder.path(), {"./a.out"});
    ASSERT_THAT(output, IsOk());
    EXPECT_EQ(std::count(output->begin(), output->end(), '\n'), 4) << *output;
  }
}

TEST(ExportLibraryTest, TheExampleIsTwentyLines) {
  for (InputMode input : {InputMode::kResident, InputMode::kStreamed}) {
    const std::string text = EmitExample(SmallProgram(input, KernelSet::kPortable), {});
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 26) << text;
  }
}

TEST(ExportLibraryTest, BuildsForCortexM4) {
  if (!RunIn(".", {"arm-none-eabi-gcc", "--version"}).ok()) {
    GTEST_SKIP() << "no arm-none-eabi-gcc";
  }
  for (KernelSet kernels : {KernelSet::kPortable, KernelSet::kDsp}) {
    TestFolder folder;
    ASSERT_THAT(ExportLibrary(SmallProgram(InputMode::kResident, kernels), {}, kSourceFolder,
                              folder.path()),
                IsOk());
    EXPECT_THAT(RunIn(folder.path(), {"sh", "-c",
                                      "arm-none-eabi-gcc -mcpu=cortex-m4 -mfloat-abi=hard -O2 "
                                      "-std=c11 -Wall -Wextra -Werror -c *.c *.S"}),
                IsOk());
  }
}

TEST(ExportLibraryTest, RefusesAFolderThatHoldsSomething) {
  TestFolder folder;
  ASSERT_THAT(WriteFileAtomically(folder.File("mine.c"), "int mine;\n"), IsOk());
  EXPECT_THAT(ExportLibrary(SmallProgram(InputMode::kResident, KernelSet::kPortable), {},
                            kSourceFolder, folder.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not empty")));
}

TEST(ExportLibraryTest, RefusesAPrefixThatIsNoIdentifier) {
  const EngineProgram program = SmallProgram(InputMode::kResident, KernelSet::kPortable);
  for (const char* prefix : {"", "4bits", "a-b", "../up", "bl_network"}) {
    TestFolder folder;
    EmitOptions options;
    options.prefix = prefix;
    EXPECT_THAT(ExportLibrary(program, options, kSourceFolder, folder.path()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("identifier")))
        << prefix;
  }
}

TEST(ExportLibraryTest, NamesAMissingEngineSource) {
  TestFolder folder;
  EXPECT_THAT(ExportLibrary(SmallProgram(InputMode::kResident, KernelSet::kPortable), {},
                            folder.path(), folder.File("library")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("firmware/engine/")));
}

}  // namespace
}  // namespace boardloop
