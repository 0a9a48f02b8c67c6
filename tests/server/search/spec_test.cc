#include "server/search/spec.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "core/presets/search_presets.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::SearchSpec Quick() { return *SearchPreset("quick"); }

TEST(CheckSpecTest, AcceptsThePresets) {
  for (const std::string& name : SearchPresetNames()) {
    EXPECT_THAT(CheckSpec(*SearchPreset(name)), IsOk()) << name;
  }
  EXPECT_THAT(SearchPreset("slow"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("quick, standard")));
}

TEST(CheckSpecTest, AcceptsZerosThatStandForDefaults) {
  v1::SearchSpec spec = Quick();
  spec.clear_space_optimization();
  spec.clear_scoring();
  spec.clear_evolution();
  spec.clear_specialization();
  spec.clear_objective();
  spec.clear_measure();
  EXPECT_THAT(CheckSpec(spec), IsOk());
}

struct BadField {
  std::string message;  // How it begins.
  std::function<void(v1::SearchSpec&)> spoil;
};

class CheckSpecFieldTest : public ::testing::TestWithParam<BadField> {};

TEST_P(CheckSpecFieldTest, IsNamed) {
  v1::SearchSpec spec = Quick();
  GetParam().spoil(spec);
  EXPECT_THAT(CheckSpec(spec),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith(GetParam().message)));
}

using Spec = v1::SearchSpec;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const BadField kBadFields[] = {
    {"dataset.kind is missing", [](Spec& s) { s.mutable_dataset()->clear_kind(); }},
    {"dataset.path is missing", [](Spec& s) { s.mutable_dataset()->clear_path(); }},
    {"dataset.resolution is 7, must be in [8, 1024]",
     [](Spec& s) { s.mutable_dataset()->set_resolution(7); }},
    {"dataset.channels is 2", [](Spec& s) { s.mutable_dataset()->set_channels(2); }},
    {"dataset.validation_fraction is 0.6, must be in (0, 0.5]",
     [](Spec& s) { s.mutable_dataset()->set_validation_fraction(0.6); }},
    {"dataset.test_fraction is -1", [](Spec& s) { s.mutable_dataset()->set_test_fraction(-1); }},
    {"dataset.on_broken is 9",
     [](Spec& s) { s.mutable_dataset()->set_on_broken(v1::DatasetSpec::OnBroken(9)); }},
    {"dataset.audio.window_ms is 201",
     [](Spec& s) { s.mutable_dataset()->mutable_audio()->set_window_ms(201); }},
    {"board_type is missing", [](Spec& s) { s.clear_board_type(); }},
    {"board_type must be the name", [](Spec& s) { s.set_board_type("../x.yaml"); }},
    {"space is missing", [](Spec& s) { s.clear_space(); }},
    {"space.stem_stride is 3", [](Spec& s) { s.mutable_space()->set_stem_stride(3); }},
    {"limits.sram_bytes is negative", [](Spec& s) { s.mutable_limits()->set_sram_bytes(-1); }},
    {"limits.flash_bytes is negative", [](Spec& s) { s.mutable_limits()->set_flash_bytes(-1); }},
    {"limits.latency_ms is nan", [](Spec& s) { s.mutable_limits()->set_latency_ms(kNan); }},
    {"limits.latency_ms is inf", [](Spec& s) { s.mutable_limits()->set_latency_ms(kInfinity); }},
    {"objective is 7", [](Spec& s) { s.set_objective(v1::Objective(7)); }},
    {"measure is 7", [](Spec& s) { s.set_measure(v1::MeasurePolicy(7)); }},
    {"space_optimization.samples is 1000001, must be in [1, 1000000]",
     [](Spec& s) { s.mutable_space_optimization()->set_samples(1'000'001); }},
    {"space_optimization.min_survival_rate is 1.5",
     [](Spec& s) { s.mutable_space_optimization()->set_min_survival_rate(1.5); }},
    {"space_optimization.width_mults has 0.25, space \"mbv2-small-image\" has 0.2, 0.3",
     [](Spec& s) { s.mutable_space_optimization()->add_width_mults(0.25); }},
    {"space_optimization.resolutions has 29",
     [](Spec& s) { s.mutable_space_optimization()->add_resolutions(29); }},
    {"supernet_training is missing", [](Spec& s) { s.clear_supernet_training(); }},
    {"supernet_training.recipe must be",
     [](Spec& s) { s.mutable_supernet_training()->set_recipe(v1::TrainingSpec::SINGLE); }},
    {"supernet_training.epochs is 0, must be in (0, 10000]",
     [](Spec& s) { s.mutable_supernet_training()->set_epochs(0); }},
    {"supernet_training.batch_size is 64, must be a multiple of micro_batch_size 48",
     [](Spec& s) { s.mutable_supernet_training()->set_micro_batch_size(48); }},
    {"supernet_training.random_subnets is 17",
     [](Spec& s) { s.mutable_supernet_training()->set_random_subnets(17); }},
    {"supernet_training.warmup_epochs is 5, must be in [0, 4]",
     [](Spec& s) { s.mutable_supernet_training()->set_warmup_epochs(5); }},
    {"supernet_training.momentum is 1",
     [](Spec& s) { s.mutable_supernet_training()->set_momentum(1); }},
    {"supernet_training.augmentation.cutout is -1",
     [](Spec& s) { s.mutable_supernet_training()->mutable_augmentation()->set_cutout(-1); }},
    {"supernet_artifact must be", [](Spec& s) { s.set_supernet_artifact("artifacts/12"); }},
    {"supernet_training is set beside supernet_artifact",
     [](Spec& s) { s.set_supernet_artifact("artifacts/" + std::string(64, 'a')); }},
    {"space_optimization.width_mults are set beside supernet_artifact",
     [](Spec& s) {
       s.clear_supernet_training();
       s.set_supernet_artifact("artifacts/" + std::string(64, 'a'));
     }},
    {"limits.latency_ms is 1e+300, must be in [0, ",
     [](Spec& s) { s.mutable_limits()->set_latency_ms(1e300); }},
    {"scoring.images is -1", [](Spec& s) { s.mutable_scoring()->set_images(-1); }},
    {"scoring.calibration_images is 1000001",
     [](Spec& s) { s.mutable_scoring()->set_calibration_images(1'000'001); }},
    {"evolution.population is 1, must be in [2, 10000]",
     [](Spec& s) { s.mutable_evolution()->set_population(1); }},
    {"evolution.parents is 25, must be in [1, 24]",
     [](Spec& s) { s.mutable_evolution()->set_parents(25); }},
    {"evolution.parents is 101, must be in [1, 100]",
     [](Spec& s) {
       s.mutable_evolution()->set_population(0);
       s.mutable_evolution()->set_parents(101);
     }},
    {"evolution.crossovers is -1", [](Spec& s) { s.mutable_evolution()->set_crossovers(-1); }},
    {"evolution.mutations is 10001", [](Spec& s) { s.mutable_evolution()->set_mutations(10'001); }},
    {"evolution.mutation_rate is nan",
     [](Spec& s) { s.mutable_evolution()->set_mutation_rate(kNan); }},
    {"evolution.mutation_rate is 1.1, must be in (0, 1]",
     [](Spec& s) { s.mutable_evolution()->set_mutation_rate(1.1); }},
    {"evolution.generations is -1", [](Spec& s) { s.mutable_evolution()->set_generations(-1); }},
    {"specialization.finalists is 17, must be in [1, 16]",
     [](Spec& s) { s.mutable_specialization()->set_finalists(17); }},
    {"specialization.epochs is -1", [](Spec& s) { s.mutable_specialization()->set_epochs(-1); }},
    {"specialization.peak_rate is 11",
     [](Spec& s) { s.mutable_specialization()->set_peak_rate(11); }},
    {"specialization.qat_epochs is inf",
     [](Spec& s) { s.mutable_specialization()->set_qat_epochs(kInfinity); }},
    {"specialization.board_images is 10001",
     [](Spec& s) { s.mutable_specialization()->set_board_images(10'001); }},
};

INSTANTIATE_TEST_SUITE_P(Fields, CheckSpecFieldTest, ::testing::ValuesIn(kBadFields));

TEST(CheckSpecTest, TakesACheckpointInThePlaceOfTraining) {
  v1::SearchSpec spec = Quick();
  spec.clear_supernet_training();
  spec.clear_space();
  spec.mutable_space_optimization()->clear_width_mults();
  spec.mutable_space_optimization()->clear_resolutions();
  spec.set_supernet_artifact("artifacts/" + std::string(64, 'a'));
  EXPECT_THAT(CheckSpec(spec), IsOk());
}

TEST(WithDefaultsTest, FillsWhatSearchProtoDocuments) {
  const v1::SearchSpec spec = WithDefaults({});
  EXPECT_EQ(spec.objective(), v1::OBJECTIVE_ACCURACY);
  EXPECT_EQ(spec.measure(), v1::MEASURE_POLICY_ALL);
  EXPECT_EQ(spec.space_optimization().samples(), 1000);
  EXPECT_EQ(spec.space_optimization().min_survival_rate(), 0.05);
  EXPECT_EQ(spec.scoring().images(), 0);
  EXPECT_EQ(spec.scoring().calibration_images(), 1280);
  EXPECT_EQ(spec.evolution().population(), 100);
  EXPECT_EQ(spec.evolution().parents(), 20);
  EXPECT_EQ(spec.evolution().crossovers(), 50);
  EXPECT_EQ(spec.evolution().mutations(), 50);
  EXPECT_EQ(spec.evolution().mutation_rate(), 0.1);
  EXPECT_EQ(spec.specialization().finalists(), 1);
  EXPECT_EQ(spec.specialization().peak_rate(), 0.05);
  EXPECT_EQ(spec.specialization().board_images(), 100);
}

TEST(WithDefaultsTest, KeepsWhatIsSet) {
  v1::SearchSpec spec;
  spec.mutable_evolution()->set_population(3);
  spec.mutable_evolution()->set_mutations(7);
  spec.set_objective(v1::OBJECTIVE_PARETO);
  const v1::SearchSpec filled = WithDefaults(spec);
  EXPECT_EQ(filled.evolution().parents(), 1);
  EXPECT_EQ(filled.evolution().crossovers(), 0);
  EXPECT_EQ(filled.evolution().mutations(), 7);
  EXPECT_EQ(filled.objective(), v1::OBJECTIVE_PARETO);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(WithDefaults(filled), filled));
}

}  // namespace
}  // namespace boardloop
