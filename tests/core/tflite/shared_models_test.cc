// Models that others have trained, which are no part of the repository.
#include <filesystem>
#include <ostream>

#include "core/tflite/tflite.h"
#include "tests/core/tflite/small_networks.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

struct SharedModel {
  std::string name;
  size_t ops;
  int64_t macs;
};

void PrintTo(const SharedModel& model, std::ostream* os) { *os << model.name; }

class SharedModelTest : public ::testing::TestWithParam<SharedModel> {
 protected:
  void SetUp() override {
    path_ = "../shared/data/models/" + GetParam().name + ".tflite";
    if (!std::filesystem::exists(path_)) GTEST_SKIP() << path_ << " is not there";
  }
  std::string path_;
};

TEST_P(SharedModelTest, Imports) {
  absl::StatusOr<Model> model = LoadTflite(path_);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->graph.ops.size(), GetParam().ops);
  EXPECT_EQ(Measure(model->graph).macs, GetParam().macs);
}

TEST_P(SharedModelTest, RoundTrips) {
  absl::StatusOr<Model> model = LoadTflite(path_);
  ASSERT_THAT(model, IsOk());
  absl::StatusOr<std::string> bytes = ExportTflite(*model);
  ASSERT_THAT(bytes, IsOk());
  absl::StatusOr<Model> again = ImportTflite(*bytes, GetParam().name);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(ModelText(*again), ModelText(*model));
}

INSTANTIATE_TEST_SUITE_P(All, SharedModelTest,
                         ::testing::Values(SharedModel{"mcunet-vww1", 56, 11'578'816},
                                           SharedModel{"mlperf-ad-autoencoder", 10, 264'192},
                                           SharedModel{"mlperf-ic-resnet8", 15, 12'501'632},
                                           SharedModel{"mlperf-kws-dscnn", 12, 2'656'768},
                                           SharedModel{"mlperf-vww-mobilenetv1", 30, 7'489'664}),
                         [](const auto& model) {
                           std::string name = model.param.name;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace boardloop
