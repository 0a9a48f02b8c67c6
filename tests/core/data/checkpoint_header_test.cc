#include "core/data/checkpoint_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/checkpoint_bytes.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

std::string Bytes() {
  v1::CheckpointHeader header;
  header.mutable_supernet()->set_resolution(28);
  header.set_parameters(100);
  header.add_tensors(v1::CheckpointHeader::WEIGHTS);
  header.add_tensors(v1::CheckpointHeader::AVERAGE);
  return CheckpointBytes(header);
}

auto Refuses(const std::string& text) {
  return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
}

TEST(CheckpointHeaderTest, AWholeFileIsRead) {
  const absl::StatusOr<v1::CheckpointHeader> header = ParseWholeCheckpoint(Bytes(), "net.blc");
  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->supernet().resolution(), 28);
}

TEST(CheckpointHeaderTest, AFileThatIsCutOffAnywhereIsRefused) {
  const std::string bytes = Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseWholeCheckpoint(bytes.substr(0, size), "net.blc"), Refuses("net.blc")) << size;
  }
  EXPECT_THAT(ParseWholeCheckpoint(bytes.substr(0, 500), "net.blc"), Refuses("it is cut off"));
  EXPECT_THAT(ParseWholeCheckpoint(bytes + "x", "net.blc"), Refuses("followed by something else"));
}

TEST(CheckpointHeaderTest, AnyOtherByteIsSeen) {
  std::string bytes = Bytes();
  bytes[bytes.size() - 100] = 1;
  EXPECT_THAT(ParseWholeCheckpoint(bytes, "net.blc"), Refuses("is damaged"));
}

TEST(CheckpointHeaderTest, SizesThatOverflowAreRefused) {
  v1::CheckpointHeader header;
  std::string bytes = CheckpointBytes(header);
  header.set_parameters(INT64_MAX);
  const std::string text = header.SerializeAsString();
  bytes = std::string(kCheckpointMagic) + static_cast<char>(text.size()) + std::string(7, '\0') +
          text + std::string(16, '\0');
  EXPECT_THAT(ParseWholeCheckpoint(bytes, "net.blc"), Refuses("which no checkpoint has"));
}

}  // namespace
}  // namespace boardloop
