// `boardloop export`, and the files that it writes.

#include "core/base/files.h"
#include "core/graph/model_proto.h"
#include "core/tflite/tflite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/run_program.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ExportTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  ProgramRun Export(const std::string& network, const std::string& out,
                    const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"export", network, "--out", Path(out)};
    args.insert(args.end(), more.begin(), more.end());
    return RunBoardloop(args);
  }

  TemporaryFolder folder_;
};

TEST_F(ExportTest, TheEndingSaysTheFormat) {
  const ProgramRun run = Export("mcunet_vww1", "net.blm");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("net.blm: "));
  EXPECT_THAT(run.out, HasSubstr("random weights"));
  EXPECT_THAT(LoadModelFile(Path("net.blm")), IsOk());
  EXPECT_EQ(Export("mcunet_vww1", "net.tflite").exit_code, 0);
  EXPECT_THAT(LoadTflite(Path("net.tflite")), IsOk());
  EXPECT_EQ(Export("mcunet_vww1", "net.onnx").exit_code, 0);
  EXPECT_THAT(ReadFile(Path("net.onnx"), 1 << 30), IsOkAndHolds(HasSubstr("QuantizeLinear")));
}

TEST_F(ExportTest, AFormatMayBeGivenForAnyName) {
  EXPECT_EQ(Export("mcunet_vww1", "net", {"--format", "model"}).exit_code, 0);
  EXPECT_THAT(LoadModelFile(Path("net")), IsOk());
  EXPECT_TRUE(IsRefused(Export("mcunet_vww1", "net"), "INVALID_ARGUMENT", "--format"));
}

TEST_F(ExportTest, WeightsOfAFileAreKept) {
  ASSERT_EQ(Export("mcunet_vww1", "a.tflite").exit_code, 0);
  const ProgramRun run = Export(Path("a.tflite"), "b.blm");
  EXPECT_THAT(run.out, Not(HasSubstr("random")));
  ASSERT_EQ(Export(Path("b.blm"), "c.tflite").exit_code, 0);
  const absl::StatusOr<Model> first = LoadTflite(Path("a.tflite"));
  const absl::StatusOr<Model> last = LoadTflite(Path("c.tflite"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(last, IsOk());
  EXPECT_EQ(first->weights[0].filter, last->weights[0].filter);
  EXPECT_EQ(first->weights[0].bias, last->weights[0].bias);
}

TEST_F(ExportTest, AModelFileIsANetwork) {
  ASSERT_EQ(Export("mcunet_vww1", "net.blm").exit_code, 0);
  const ProgramRun run = RunBoardloop({"analyze", Path("net.blm"), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Json()[0]["macs"], 11578816);
}

TEST_F(ExportTest, TheFileDoesNotSayWhereItsSourceLay) {
  ASSERT_EQ(Export("mcunet_vww1", "a.blm").exit_code, 0);
  ASSERT_EQ(Export(Path("a.blm"), "b.blm").exit_code, 0);
  EXPECT_EQ(LoadModelFile(Path("b.blm"))->graph.name, "a.blm");
}

TEST_F(ExportTest, BadInputsAreRefused) {
  EXPECT_TRUE(IsRefused(RunBoardloop({"export", "mcunet_vww1"}), "INVALID_ARGUMENT", "--out"));
  EXPECT_TRUE(IsRefused(Export("resnet", "net.onnx"), "NOT_FOUND", "resnet50"));
  EXPECT_TRUE(IsRefused(Export("mcunet_vww1", "net.onnx", {"--format", "savedmodel"}),
                        "INVALID_ARGUMENT", "tflite"));
  const std::string broken = folder_.Write("broken.blm", "not a model\xff");
  EXPECT_TRUE(IsRefused(Export(broken, "net.onnx"), "INVALID_ARGUMENT", "not a model file"));
  EXPECT_TRUE(IsRefused(Export(Path("missing.blm"), "net.onnx"), "NOT_FOUND", "missing.blm"));
}

}  // namespace
}  // namespace boardloop
