#include "server/search/fit_to_supernet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/presets/search_presets.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Trained by preset "quick", with splits of its own.
v1::CheckpointHeader Header() {
  const v1::SearchSpec quick = *SearchPreset("quick");
  v1::CheckpointHeader header;
  *header.mutable_supernet()->mutable_space() = quick.space();
  header.mutable_supernet()->set_width_mult(0.2);
  header.mutable_supernet()->set_resolution(28);
  header.mutable_supernet()->set_classes(12);  // What the data turned out to have.
  header.mutable_supernet()->set_input_channels(1);
  *header.mutable_dataset() = quick.dataset();
  header.mutable_dataset()->set_resolution(28);
  header.mutable_dataset()->set_validation_fraction(0.25);
  return header;
}

TEST(FitToSupernetTest, WhatIsLeftOutIsTheCheckpoints) {
  v1::SearchSpec spec;
  ASSERT_THAT(FitToSupernet(Header(), spec), IsOk());
  EXPECT_EQ(spec.dataset().SerializeAsString(), Header().dataset().SerializeAsString());
  EXPECT_EQ(spec.space().name(), "mbv2-small-image");
  EXPECT_EQ(spec.space().classes(), 12);
}

TEST(FitToSupernetTest, WhatAgreesIsTaken) {
  v1::SearchSpec spec;
  spec.mutable_dataset()->set_kind(v1::DatasetSpec::IDX);
  spec.mutable_dataset()->set_path("/usr/share/./datasets/fashion-mnist/");
  spec.mutable_dataset()->set_channels(1);
  spec.mutable_dataset()->set_validation_fraction(0.25);
  spec.mutable_dataset()->set_on_broken(v1::DatasetSpec::REFUSE);
  *spec.mutable_space() = SearchPreset("quick")->space();
  spec.mutable_space()->set_classes(12);
  spec.mutable_space_optimization()->add_width_mults(0.2);
  spec.mutable_space_optimization()->add_width_mults(0.3);
  ASSERT_THAT(FitToSupernet(Header(), spec), IsOk());
  EXPECT_EQ(spec.dataset().SerializeAsString(), Header().dataset().SerializeAsString());
  EXPECT_EQ(spec.space_optimization().width_mults_size(), 0);
}

TEST(FitToSupernetTest, ACheckpointOfARelativePathIsRefused) {
  v1::CheckpointHeader header = Header();
  header.mutable_dataset()->set_path("data/mine");
  v1::SearchSpec spec;
  EXPECT_THAT(FitToSupernet(header, spec),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("trained on idx data/mine")));
}

TEST(FitToSupernetTest, WhatContradictsIsRefusedWithBothValues) {
  struct Case {
    std::string asked, has;
    std::function<void(v1::SearchSpec&)> ask;
  };
  const std::vector<Case> cases = {
      {"dataset is image_folder /data/mine", "trained on idx /usr/share/datasets/fashion-mnist",
       [](v1::SearchSpec& spec) {
         spec.mutable_dataset()->set_kind(v1::DatasetSpec::IMAGE_FOLDER);
         spec.mutable_dataset()->set_path("/data/mine");
       }},
      {"dataset is idx /data/mine", "fashion-mnist",
       [](v1::SearchSpec& spec) {
         spec.mutable_dataset()->set_kind(v1::DatasetSpec::IDX);
         spec.mutable_dataset()->set_path("/data/mine");
       }},
      {"dataset.channels is 3", "has 1",
       [](v1::SearchSpec& spec) { spec.mutable_dataset()->set_channels(3); }},
      {"dataset.resolution is 32", "has 28",
       [](v1::SearchSpec& spec) { spec.mutable_dataset()->set_resolution(32); }},
      {"dataset.validation_fraction is 0.1", "has 0.25",
       [](v1::SearchSpec& spec) { spec.mutable_dataset()->set_validation_fraction(0.1); }},
      {"dataset.test_fraction is 0.2", "has 0.1",
       [](v1::SearchSpec& spec) { spec.mutable_dataset()->set_test_fraction(0.2); }},
      {"dataset.split_seed is 7", "has 0",
       [](v1::SearchSpec& spec) { spec.mutable_dataset()->set_split_seed(7); }},
      {"dataset.on_broken is SKIP", "has REFUSE",
       [](v1::SearchSpec& spec) { spec.mutable_dataset()->set_on_broken(v1::DatasetSpec::SKIP); }},
      {"dataset.audio is window_ms: 50", "window_ms: 30",
       [](v1::SearchSpec& spec) { spec.mutable_dataset()->mutable_audio()->set_window_ms(50); }},
      {"space.classes is 10", "has 12",
       [](v1::SearchSpec& spec) { spec.mutable_space()->set_classes(10); }},
      {"space.input_channels is 3", "has 1",
       [](v1::SearchSpec& spec) { spec.mutable_space()->set_input_channels(3); }},
      {"space.name is mbv9", "has mbv2-small-image",
       [](v1::SearchSpec& spec) { spec.mutable_space()->set_name("mbv9"); }},
      {"space.stages", "other networks",
       [](v1::SearchSpec& spec) { spec.mutable_space()->add_stages()->set_width(8); }},
      {"space_optimization.width_mults is 0.3, 0.5", "has 0.2",
       [](v1::SearchSpec& spec) {
         spec.mutable_space_optimization()->add_width_mults(0.3);
         spec.mutable_space_optimization()->add_width_mults(0.5);
       }},
      {"space_optimization.resolutions is 32", "has 28",
       [](v1::SearchSpec& spec) { spec.mutable_space_optimization()->add_resolutions(32); }},
  };
  for (const Case& contradiction : cases) {
    v1::SearchSpec spec;
    contradiction.ask(spec);
    EXPECT_THAT(FitToSupernet(Header(), spec),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(contradiction.asked), HasSubstr(contradiction.has))));
  }
}

}  // namespace
}  // namespace boardloop
