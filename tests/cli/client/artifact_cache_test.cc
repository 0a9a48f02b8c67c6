#include "cli/client/artifact_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/artifact_name.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "tests/support/artifact_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

std::string NameOf(const std::string& content) { return ArtifactName(Sha256Hex(content)); }

class ArtifactCacheTest : public ::testing::Test {
 protected:
  ArtifactCacheTest() : client_(server_.channel(), ClientOptions()), cache_(OpenCache(30)) {
    for (const char* content : {"0123456789", "abcdefghij", "ABCDEFGHIJ", "!!!!!!!!!!"}) {
      EXPECT_THAT(server_.files().Put(content), IsOk());
    }
  }

  static ArtifactClient::Options ClientOptions() {
    ArtifactClient::Options options;
    options.attempts = 1;
    return options;
  }
  ArtifactCache OpenCache(int64_t limit_bytes) const {
    ArtifactCache::Options options;
    options.limit_bytes = limit_bytes;
    absl::StatusOr<ArtifactCache> cache = ArtifactCache::Open(folder_.Path("cache"), options);
    EXPECT_THAT(cache, IsOk());
    return *std::move(cache);
  }

  void Fetch(const std::string& content) {
    EXPECT_THAT(cache_.Get(client_, NameOf(content)), IsOk()) << content;
  }
  std::string Path(const std::string& content) const {
    return folder_.Path("cache/" + Sha256Hex(content));
  }
  bool Has(const std::string& content) const { return std::filesystem::exists(Path(content)); }
  // Says that a file was last used `age` ago.
  void Age(const std::string& path, absl::Duration age) const {
    const timespec time = absl::ToTimespec(absl::Now() - age);
    const timespec times[2] = {time, time};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  const TestFolder folder_;
  ArtifactServer server_;
  ArtifactClient client_;
  ArtifactCache cache_;
};

TEST_F(ArtifactCacheTest, AnArtifactIsDownloadedOnce) {
  {
    const absl::StatusOr<CachedArtifact> artifact = cache_.Get(client_, NameOf("0123456789"));
    ASSERT_THAT(artifact, IsOk());
    EXPECT_THAT(ReadFile(artifact->path(), 100), IsOkAndHolds("0123456789"));
  }
  server_.Kill();
  EXPECT_THAT(cache_.Get(client_, NameOf("0123456789")), IsOk());
  EXPECT_THAT(cache_.Get(client_, NameOf("abcdefghij")), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ArtifactCacheTest, OutlivesTheProcess) {
  Fetch("0123456789");
  server_.Kill();
  EXPECT_THAT(OpenCache(30).Get(client_, NameOf("0123456789")), IsOk());
}

TEST_F(ArtifactCacheTest, WhatIsNotThereIsNotFoundAndBadNamesAreRefused) {
  EXPECT_THAT(cache_.Get(client_, NameOf("x")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(cache_.Get(client_, "artifacts/../../etc/passwd"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ArtifactCacheTest, WhatWasUsedLeastRecentlyGoesFirst) {
  Fetch("0123456789");
  Fetch("abcdefghij");
  Fetch("ABCDEFGHIJ");
  Age(Path("0123456789"), absl::Minutes(1));
  Age(Path("abcdefghij"), absl::Minutes(3));
  Age(Path("ABCDEFGHIJ"), absl::Minutes(2));
  Fetch("!!!!!!!!!!");
  EXPECT_TRUE(Has("0123456789"));
  EXPECT_FALSE(Has("abcdefghij"));
  EXPECT_TRUE(Has("ABCDEFGHIJ"));
  EXPECT_TRUE(Has("!!!!!!!!!!"));
}

TEST_F(ArtifactCacheTest, UsingAnArtifactMakesItRecent) {
  Fetch("0123456789");
  Fetch("abcdefghij");
  Fetch("ABCDEFGHIJ");
  for (const char* content : {"0123456789", "abcdefghij", "ABCDEFGHIJ"}) {
    Age(Path(content), absl::Minutes(3));
  }
  Fetch("0123456789");
  Fetch("ABCDEFGHIJ");
  Fetch("!!!!!!!!!!");
  EXPECT_FALSE(Has("abcdefghij"));
}

TEST_F(ArtifactCacheTest, WhatSomebodyHoldsStays) {
  absl::StatusOr<CachedArtifact> held = cache_.Get(client_, NameOf("0123456789"));
  ASSERT_THAT(held, IsOk());
  Age(Path("0123456789"), absl::Hours(1));
  const ArtifactCache small = OpenCache(0);  // As another process sees the folder.
  ASSERT_THAT(small.MakeRoom(), IsOk());
  EXPECT_TRUE(Has("0123456789"));
  held = absl::CancelledError("no longer");
  ASSERT_THAT(small.MakeRoom(), IsOk());
  EXPECT_FALSE(Has("0123456789"));
}

TEST_F(ArtifactCacheTest, AnArtifactLargerThanTheLimitIsThereAsLongAsItIsHeld) {
  const ArtifactCache small = OpenCache(5);
  const absl::StatusOr<CachedArtifact> held = small.Get(client_, NameOf("0123456789"));
  ASSERT_THAT(held, IsOk());
  EXPECT_TRUE(Has("0123456789"));
}

TEST_F(ArtifactCacheTest, AnAbandonedDownloadIsRemovedAfterADay) {
  const std::string young = folder_.Path("cache/" + Sha256Hex("a") + ".new.0123.partial");
  const std::string old = folder_.Path("cache/" + Sha256Hex("b") + ".new");
  ASSERT_THAT(WriteFileAtomically(young, "1"), IsOk());
  ASSERT_THAT(WriteFileAtomically(old, "1"), IsOk());
  Age(young, absl::Hours(23));
  Age(old, absl::Hours(25));
  ASSERT_THAT(cache_.MakeRoom(), IsOk());
  EXPECT_TRUE(std::filesystem::exists(young));
  EXPECT_FALSE(std::filesystem::exists(old));
}

TEST_F(ArtifactCacheTest, OtherFilesInTheFolderAreLeftAlone) {
  ASSERT_THAT(WriteFileAtomically(folder_.Path("cache/notes"), "1"), IsOk());
  ASSERT_THAT(OpenCache(0).MakeRoom(), IsOk());
  EXPECT_TRUE(std::filesystem::exists(folder_.Path("cache/notes")));
}

TEST_F(ArtifactCacheTest, AFileThatHasChangedOnTheDiskIsDownloadedAgain) {
  Fetch("0123456789");
  ASSERT_THAT(WriteFileAtomically(Path("0123456789"), "012345678X"), IsOk());
  EXPECT_THAT(cache_.Read(client_, NameOf("0123456789")), IsOkAndHolds("0123456789"));
  EXPECT_THAT(ReadFile(Path("0123456789"), 100), IsOkAndHolds("0123456789"));
}

TEST_F(ArtifactCacheTest, ReadingMoreThanTheCallerTakesIsRefused) {
  EXPECT_THAT(cache_.Read(client_, NameOf("0123456789"), 9),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("10 B")));
}

// Each thread has a cache of its own, as each process has; the limit lets in two artifacts.
TEST_F(ArtifactCacheTest, ManyUseOneFolderAndEachReadsWhatItAskedFor) {
  const std::vector<std::string> contents = {"0123456789", "abcdefghij", "ABCDEFGHIJ",
                                             "!!!!!!!!!!"};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < contents.size(); ++i) {
    threads.emplace_back([&, i] {
      const ArtifactCache cache = OpenCache(25);
      for (size_t round = 0; round < 25; ++round) {
        const std::string& content = contents[(i + round) % contents.size()];
        const absl::StatusOr<CachedArtifact> held = cache.Get(client_, NameOf(content));
        ASSERT_THAT(held, IsOk());
        EXPECT_THAT(ReadFile(held->path(), 100), IsOkAndHolds(content));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ArtifactCacheTest, AFolderThatCannotBeMadeIsAnError) {
  ASSERT_THAT(WriteFileAtomically(folder_.Path("file"), ""), IsOk());
  EXPECT_FALSE(ArtifactCache::Open(folder_.Path("file/cache"), {}).ok());
}

}  // namespace
}  // namespace boardloop
