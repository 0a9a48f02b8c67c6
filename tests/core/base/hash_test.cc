#include "core/base/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace boardloop {
namespace {

// Hashes are stored and compared between versions and machines: these values never change. They
// are XXH3_128bits with seed 0, as xxHash's `xxhsum -H2` prints them.
TEST(HashTest, ValuesArePinned) {
  EXPECT_EQ(HashBytes("").Hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(HashBytes("a").Hex(), "a96faf705af16834e6c632b61e964e1f");
  EXPECT_EQ(HashBytes("abc").Hex(), "06b05ab6733a618578af5f94892f3950");
}

// XXH3 has a path of its own for each of these lengths: up to 16, 128, 240 and more bytes, and
// above one stripe block of 1024.
TEST(HashTest, ValuesOfEachLengthClassArePinned) {
  EXPECT_EQ(HashBytes(std::string(16, 'x')).Hex(), "ceb3fbd8af7001ac76ba55acf0be061e");
  EXPECT_EQ(HashBytes(std::string(128, 'x')).Hex(), "fd990d088a9365ae7813452547ab9912");
  EXPECT_EQ(HashBytes(std::string(240, 'x')).Hex(), "bfede978870834bedf2b586ca80bb7aa");
  EXPECT_EQ(HashBytes(std::string(241, 'x')).Hex(), "586c2f1b13edf30f14da9e5c301a6a1d");
  EXPECT_EQ(HashBytes(std::string(5000, 'x')).Hex(), "c40b706e6ba9af508d8567cbc9ee3d90");
}

TEST(HashTest, ZeroBytesCount) {
  EXPECT_NE(HashBytes(std::string("a\0", 2)), HashBytes("a"));
  EXPECT_NE(HashBytes(std::string("\0a", 2)), HashBytes(std::string("\0b", 2)));
}

TEST(HashTest, HexKeepsLeadingZeros) {
  EXPECT_EQ((Hash128{0x1, 0xf}).Hex(), "0000000000000001000000000000000f");
}

TEST(HashTest, OrderComparesTheHighHalfFirst) {
  EXPECT_LT((Hash128{1, 9}), (Hash128{2, 0}));
  EXPECT_LT((Hash128{1, 1}), (Hash128{1, 2}));
  EXPECT_FALSE((Hash128{1, 1}) < (Hash128{1, 1}));
  EXPECT_EQ((Hash128{1, 1}), (Hash128{1, 1}));
}

}  // namespace
}  // namespace boardloop
