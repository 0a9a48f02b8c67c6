#include "core/plan/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/base/random.h"

namespace boardloop {
namespace {

constexpr int64_t kBudget = 100000;

ArenaBuffer Fixed(int32_t first, int32_t last, int64_t bytes) {
  return ArenaBuffer{{Extent{first, last, bytes}}};
}

int64_t BytesAt(const ArenaBuffer& buffer, int32_t step) {
  for (const Extent& extent : buffer.extents) {
    if (extent.first <= step && step <= extent.last) return extent.bytes;
  }
  return 0;
}

void ExpectNoOverlap(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& layout) {
  for (size_t a = 0; a < buffers.size(); ++a) {
    for (size_t b = a + 1; b < buffers.size(); ++b) {
      if (layout.regions[a] != layout.regions[b]) continue;
      for (int32_t t = 0; t < 64; ++t) {
        int64_t size_a = BytesAt(buffers[a], t), size_b = BytesAt(buffers[b], t);
        if (size_a == 0 || size_b == 0) continue;
        EXPECT_TRUE(layout.offsets[a] + size_a <= layout.offsets[b] ||
                    layout.offsets[b] + size_b <= layout.offsets[a])
            << "buffers " << a << " and " << b << " at step " << t;
      }
    }
  }
}

std::vector<ArenaBuffer> RandomBuffers(Random& random, int count) {
  std::vector<ArenaBuffer> buffers;
  for (int i = 0; i < count; ++i) {
    auto first = static_cast<int32_t>(random.Below(8));
    auto last = first + static_cast<int32_t>(random.Below(4));
    ArenaBuffer buffer = Fixed(first, last, random.Between(1, 40));
    if (random.Chance(0.4)) {  // Computed in place: goes on with another size.
      buffer.extents.push_back(Extent{last + 1, last + 1 + static_cast<int32_t>(random.Below(3)),
                                      random.Between(1, 40)});
    }
    buffers.push_back(buffer);
  }
  return buffers;
}

// The optimum, by trying all orders in which buffers can be stacked.
int64_t BruteForce(const std::vector<ArenaBuffer>& buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  int64_t best = 1 << 30;
  do {
    std::vector<int64_t> offset(buffers.size());
    int64_t end = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      size_t b = order[i];
      for (size_t j = 0; j < i; ++j) {
        int64_t height = 0;
        for (int32_t t = 0; t < 64; ++t) {
          if (BytesAt(buffers[b], t) > 0) height = std::max(height, BytesAt(buffers[order[j]], t));
        }
        if (height > 0) offset[b] = std::max(offset[b], offset[order[j]] + height);
      }
      for (const Extent& extent : buffers[b].extents) end = std::max(end, offset[b] + extent.bytes);
    }
    best = std::min(best, end);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(ArenaTest, RandomBuffersNeverOverlap) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    std::vector<ArenaBuffer> buffers = RandomBuffers(random, 24);
    ArenaLayout layout = LayOutArena(buffers, 1, /*node_budget=*/500, 0);
    EXPECT_GE(layout.bytes, layout.lower_bound);
    ExpectNoOverlap(buffers, layout);
  }
}

TEST(ArenaTest, SmallCasesAreOptimal) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    std::vector<ArenaBuffer> buffers = RandomBuffers(random, 7);
    ArenaLayout layout = LayOutArena(buffers, 1, kBudget, 0);
    EXPECT_EQ(layout.bytes, BruteForce(buffers));
    ExpectNoOverlap(buffers, layout);
  }
}

// The released first-fit of TinyEngine gives such tensors the same address.
TEST(ArenaTest, EqualLifetimesNeverShareBytes) {
  std::vector<ArenaBuffer> buffers = {Fixed(1, 3, 100), Fixed(1, 3, 100), Fixed(1, 3, 100)};
  for (const ArenaLayout& layout :
       {LayOutArena(buffers, 4, kBudget, 0), FirstFitBySize(buffers, 4)}) {
    EXPECT_EQ(layout.bytes, 300);
    ExpectNoOverlap(buffers, layout);
  }
}

TEST(ArenaTest, OffsetsAreAligned) {
  std::vector<ArenaBuffer> buffers = {Fixed(0, 1, 5), Fixed(0, 1, 6), Fixed(0, 1, 7)};
  ArenaLayout layout = LayOutArena(buffers, 4, kBudget, 0);
  for (int64_t offset : layout.offsets) EXPECT_EQ(offset % 4, 0);
  EXPECT_EQ(layout.bytes, 24);
}

TEST(ArenaTest, AShrunkBufferMakesRoom) {
  std::vector<ArenaBuffer> buffers = {ArenaBuffer{{Extent{0, 1, 100}, Extent{2, 3, 25}}},
                                      Fixed(2, 3, 75)};
  EXPECT_EQ(LayOutArena(buffers, 1, kBudget, 0).bytes, 100);
}

TEST(ArenaTest, ReachesABoundThatFirstFitMisses) {
  // Largest first puts the two big ones at 0 and the chain between them on top; stacking the other
  // way round fits the bound.
  std::vector<ArenaBuffer> buffers = {Fixed(0, 1, 6), Fixed(1, 2, 4), Fixed(2, 3, 5),
                                      Fixed(3, 4, 5), Fixed(0, 0, 4), Fixed(4, 4, 5)};
  ArenaLayout layout = LayOutArena(buffers, 1, kBudget, 0);
  EXPECT_EQ(layout.bytes, layout.lower_bound);
  ExpectNoOverlap(buffers, layout);
}

TEST(ArenaTest, NoBuffersNeedNoArena) { EXPECT_EQ(LayOutArena({}, 4, kBudget, 0).bytes, 0); }

TEST(ArenaTest, BuffersSpreadOverRegions) {
  std::vector<ArenaBuffer> buffers = {Fixed(0, 1, 60), Fixed(0, 1, 60), Fixed(1, 2, 30)};
  std::optional<ArenaLayout> layout = LayOutInRegions(buffers, 4, {100, 64});
  ASSERT_TRUE(layout.has_value());
  ExpectNoOverlap(buffers, *layout);
  EXPECT_LE(layout->region_bytes[0], 100);
  EXPECT_LE(layout->region_bytes[1], 64);
  EXPECT_NE(layout->regions[0], layout->regions[1]);
}

TEST(ArenaTest, ABufferLargerThanEveryRegionDoesNotFit) {
  std::vector<ArenaBuffer> buffers = {Fixed(0, 1, 101)};
  EXPECT_FALSE(LayOutInRegions(buffers, 4, {100, 100}).has_value());
}

}  // namespace
}  // namespace boardloop
