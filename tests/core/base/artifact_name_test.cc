#include "core/base/artifact_name.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

const std::string kSha256(64, 'a');

TEST(ArtifactNameTest, ANameHasTheHashOfItsArtifact) {
  EXPECT_EQ(ArtifactName(kSha256), "artifacts/" + kSha256);
  EXPECT_THAT(ArtifactSha256(ArtifactName(kSha256)), IsOkAndHolds(kSha256));
}

class BadArtifactNameTest : public ::testing::TestWithParam<std::string> {};

TEST_P(BadArtifactNameTest, IsRefusedAndShown) {
  EXPECT_THAT(ArtifactSha256(GetParam()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("artifacts/ and the 64")));
}

INSTANTIATE_TEST_SUITE_P(
    Names, BadArtifactNameTest,
    ::testing::Values("", "artifacts/", "artifacts/abc", kSha256, "artifact/" + kSha256,
                      "artifacts/../../etc/passwd", "artifacts//" + kSha256,
                      "artifacts/" + kSha256 + "/", "artifacts/../" + kSha256.substr(3),
                      "artifacts/" + std::string(64, 'A'), "artifacts/" + kSha256 + "\n",
                      "artifacts/" + kSha256 + std::string("\0x", 2), std::string(100'000, 'x')));

}  // namespace
}  // namespace boardloop
