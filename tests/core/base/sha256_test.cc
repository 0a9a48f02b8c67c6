#include "core/base/sha256.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "core/base/files.h"
#include "core/base/unique_fd.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

// FIPS 180-2, appendix B, and the empty message.
constexpr char kEmpty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kMillionA[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, TheStandardsExamplesHaveTheirHashes) {
  EXPECT_EQ(Sha256Hex(""), kEmpty);
  EXPECT_EQ(Sha256Hex("abc"), kAbc);
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')), kMillionA);
}

TEST(Sha256Test, PiecesHaveTheHashOfTheWhole) {
  Sha256 sha256;
  sha256.Add("a").Add("").Add("bc");
  EXPECT_EQ(sha256.Hex(), kAbc);
}

TEST(Sha256Test, ManyPiecesHaveTheHashOfTheWhole) {
  Sha256 sha256;
  for (int i = 0; i < 1000; ++i) sha256.Add(std::string(1000, 'a'));
  EXPECT_EQ(sha256.Hex(), kMillionA);
}

TEST(Sha256Test, AFileIsAddedUpToASizeOrItsEnd) {
  const TestFolder folder;
  ASSERT_THAT(WriteFileAtomically(folder.Path("a"), "abcdef"), IsOk());
  const UniqueFd file(open(folder.Path("a").c_str(), O_RDONLY | O_CLOEXEC));
  Sha256 start;
  EXPECT_THAT(AddFile(start, file.get(), "a", 3), IsOkAndHolds(3));
  EXPECT_EQ(start.Hex(), kAbc);
  Sha256 rest;
  EXPECT_THAT(AddFile(rest, file.get(), "a", 1000), IsOkAndHolds(3));
  EXPECT_EQ(rest.Hex(), Sha256Hex("def"));
}

TEST(Sha256Test, BuilderTellsSequencesApartThatJoinToTheSameBytes) {
  EXPECT_NE(Sha256Builder().Add("ab").Add("c").Hex(), Sha256Builder().Add("a").Add("bc").Hex());
  EXPECT_NE(Sha256Builder().Add("").Hex(), Sha256Builder().Hex());
  EXPECT_EQ(Sha256Builder().Add("ab").Hex(), Sha256Builder().Add("ab").Hex());
}

TEST(Sha256Test, OnlySixtyFourLowerCaseDigitsAreAHash) {
  EXPECT_TRUE(IsSha256Hex(kAbc));
  EXPECT_FALSE(IsSha256Hex(""));
  EXPECT_FALSE(IsSha256Hex(std::string(kAbc) + "0"));
  EXPECT_FALSE(IsSha256Hex(std::string(kAbc).substr(1)));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'A')));
  EXPECT_FALSE(IsSha256Hex(std::string(64, '/')));
}

}  // namespace
}  // namespace boardloop
