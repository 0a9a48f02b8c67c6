#include "worker/torch/checkpoint.h"

#include <filesystem>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "core/base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/trainer.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

Checkpoint SomeCheckpoint() {
  static const Dataset data = Quadrants(32, 1);
  static const DeviceData train(data, at::kCPU);
  const auto trainer = Trainer::Create(SmallStart(32), train, {}).value();
  EXPECT_THAT(trainer->Step(), IsOk());
  return trainer->Snapshot().value();
}

TEST(CheckpointTest, IsReadBackAsWritten) {
  const Checkpoint checkpoint = SomeCheckpoint();
  const absl::StatusOr<Checkpoint> read = ParseCheckpoint(SerializeCheckpoint(checkpoint), "test");
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(at::equal(read->weights, checkpoint.weights));
  EXPECT_TRUE(at::equal(read->momentum, checkpoint.momentum));
  EXPECT_FALSE(read->average.defined());
  EXPECT_EQ(read->header.step(), 1);
  EXPECT_EQ(read->header.supernet().SerializeAsString(),
            checkpoint.header.supernet().SerializeAsString());
}

TEST(CheckpointTest, CutAnywhereItIsRefused) {
  const std::string bytes = SerializeCheckpoint(SomeCheckpoint());
  for (size_t size = 0; size < bytes.size(); size += 1 + size / 7) {
    EXPECT_THAT(ParseCheckpoint(bytes.substr(0, size), "cut.blc"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cut.blc")))
        << size;
  }
}

TEST(CheckpointTest, AFlippedBitIsNoticed) {
  const std::string bytes = SerializeCheckpoint(SomeCheckpoint());
  for (size_t at = 16; at < bytes.size(); at += 997) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_THAT(ParseCheckpoint(damaged, "bad.blc"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("damaged")));
  }
}

TEST(CheckpointTest, AnotherVersionAndOtherFilesAreTold) {
  std::string bytes = SerializeCheckpoint(SomeCheckpoint());
  EXPECT_THAT(ParseCheckpoint("PK\3\4 a zip file", "x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a checkpoint")));
  bytes[7] = '2';
  EXPECT_THAT(ParseCheckpoint(bytes, "x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("version 02")));
}

TEST(CheckpointTest, AHeaderThatDoesNotFitItsTensorsIsRefused) {
  const auto message = [](auto change) {
    Checkpoint checkpoint = SomeCheckpoint();
    change(checkpoint);
    return ParseCheckpoint(SerializeCheckpoint(checkpoint), "x").status().ToString();
  };
  EXPECT_THAT(message([](Checkpoint& c) {
                c.header.mutable_supernet()->mutable_space()->mutable_stages(0)->set_width(64);
              }),
              HasSubstr("its networks have"));
  EXPECT_THAT(message([](Checkpoint& c) { c.header.set_step(99); }), HasSubstr("step is 99"));
  EXPECT_THAT(message([](Checkpoint& c) { c.header.add_classes("more"); }),
              HasSubstr("names 5 classes"));
  EXPECT_THAT(message([](Checkpoint& c) { c.header.mutable_supernet()->clear_space(); }),
              HasSubstr("x: "));
  EXPECT_THAT(message([](Checkpoint& c) { c.header.set_subnet("nonsense"); }), HasSubstr("x: "));
}

TEST(CheckpointTest, AFailedWriteLeavesTheOldOne) {
  const std::string path = testing::TempDir() + "kept.blc";
  const Checkpoint checkpoint = SomeCheckpoint();
  ASSERT_THAT(WriteCheckpoint(path, checkpoint), IsOk());
  EXPECT_FALSE(WriteCheckpoint(path + "/impossible", checkpoint).ok());
  // A device without room. The temporary file beside it cannot be made either, as on a full disk.
  EXPECT_FALSE(WriteCheckpoint("/dev/full", checkpoint).ok());
  EXPECT_THAT(ReadCheckpoint(path), IsOk());
}

}  // namespace
}  // namespace boardloop
