#include "device-agent/build/source_digest.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

class SourceDigestTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/boardloop-digest-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    Write("a/main.c", "#include <stdio.h>\n#include \"a/one.h\"\nint x;\n");
    Write("a/one.h", " # include \"two.h\"\n");
    Write("a/two.h", "#define TWO 2\n");
    Write("a/kernel.S", "  .include \"a/two.h\"\n");
    Write("a/other.h", "");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& path, const std::string& content) {
    fs::create_directories(fs::path(folder_ + "/" + path).parent_path());
    std::ofstream(folder_ + "/" + path) << content;
  }
  std::string Of(const std::string& path) {
    absl::StatusOr<std::string> digest = SourceDigests(folder_).Of(path);
    EXPECT_THAT(digest, IsOk());
    return digest.value_or("");
  }

  std::string folder_;
};

TEST_F(SourceDigestTest, ChangesWithEveryFileIncluded) {
  const std::string before = Of("a/main.c");
  const std::string assembly = Of("a/kernel.S");
  Write("a/two.h", "#define TWO 3\n");
  EXPECT_NE(Of("a/main.c"), before);
  EXPECT_NE(Of("a/kernel.S"), assembly);
}

TEST_F(SourceDigestTest, IgnoresFilesThatAreNotIncluded) {
  const std::string before = Of("a/main.c");
  Write("a/other.h", "int y;\n");
  EXPECT_EQ(Of("a/main.c"), before);
}

TEST_F(SourceDigestTest, NamesAFileThatIsMissing) {
  Write("a/one.h", "#include \"a/three.h\"\n");
  EXPECT_THAT(SourceDigests(folder_).Of("a/main.c"),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("a/three.h")));
}

TEST_F(SourceDigestTest, AnIncludeThroughAMacroIsRefused) {
  Write("a/one.h", "#define PART \"a/two.h\"\n#include PART\n");
  EXPECT_THAT(
      SourceDigests(folder_).Of("a/main.c"),
      StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("a/one.h: includes PART")));
}

TEST_F(SourceDigestTest, GeneratedTextMayIncludeGeneratedFiles) {
  const std::string text = "#include \"network.h\"\n#include \"a/one.h\"\n";
  absl::StatusOr<std::string> before = SourceDigests(folder_).OfText(text);
  ASSERT_THAT(before, IsOk());
  Write("a/two.h", "");
  absl::StatusOr<std::string> after = SourceDigests(folder_).OfText(text);
  ASSERT_THAT(after, IsOk());
  EXPECT_NE(*before, *after);
}

}  // namespace
}  // namespace boardloop
