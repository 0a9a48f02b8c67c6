// boardloop submit.

#include "absl/strings/str_cat.h"
#include "boardloop/v1/checkpoint.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/remote/remote_run.h"
#include "tests/support/checkpoint_bytes.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class SubmitTest : public testing::Test {
 protected:
  v1::CreateSearchRequest Created() {
    const FakeState state = coordinator_.state();
    EXPECT_EQ(state.created_searches.size(), 1);
    return state.created_searches.empty() ? v1::CreateSearchRequest() : state.created_searches[0];
  }

  FakeCoordinator coordinator_;
  TemporaryFolder folder_;
};

TEST_F(SubmitTest, WithoutArgumentsSubmitsTheQuickPreset) {
  const ProgramRun run = RunRemote(coordinator_, {"submit"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "searches/search-1 created\nboardloop watch search-1\n");
  const v1::SearchSpec spec = Created().search().spec();
  EXPECT_EQ(spec.board_type(), "virtual-stm32f405");
  EXPECT_EQ(spec.supernet_training().epochs(), 4);
  EXPECT_EQ(spec.space().name(), "mbv2-small-image");
  EXPECT_THAT(Created().request_id(), MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-"
                                                   "[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST_F(SubmitTest, FlagsOverrideTheFileThatOverridesThePreset) {
  const std::string file = folder_.Write("search.yaml",
                                         "preset: standard\n"
                                         "display_name: shoes\n"
                                         "board_type: stm32f412\n"
                                         "limits: {sram_bytes: 64K, latency_ms: 20}\n"
                                         "evolution: {population: 40, parents: 10}\n"
                                         "objective: pareto\n"
                                         "seed: 7\n");
  const ProgramRun run = RunRemote(coordinator_, {"submit",
                                                  file,
                                                  "--latency-limit-ms",
                                                  "12.5",
                                                  "--population",
                                                  "30",
                                                  "--generations",
                                                  "3",
                                                  "--measure",
                                                  "confident-skip",
                                                  "--name",
                                                  "shoes-1",
                                                  "--dataset",
                                                  "/data/shoes",
                                                  "--dataset-kind",
                                                  "image-folder",
                                                  "--classes",
                                                  "12",
                                                  "--channels",
                                                  "3",
                                                  "--widths",
                                                  "0.2,0.3",
                                                  "--resolutions",
                                                  "32",
                                                  "--request-id",
                                                  "6b6f4a1e-0c6e-4d8e-9a51-000000000001"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const v1::CreateSearchRequest request = Created();
  EXPECT_EQ(request.search_id(), "shoes-1");
  EXPECT_EQ(request.request_id(), "6b6f4a1e-0c6e-4d8e-9a51-000000000001");
  EXPECT_EQ(request.search().display_name(), "shoes");
  const v1::SearchSpec& spec = request.search().spec();
  EXPECT_EQ(spec.board_type(), "stm32f412");          // File.
  EXPECT_EQ(spec.limits().sram_bytes(), 64 * 1024);   // File.
  EXPECT_EQ(spec.limits().latency_ms(), 12.5);        // Flag over file.
  EXPECT_EQ(spec.supernet_training().epochs(), 30);   // Preset.
  EXPECT_EQ(spec.evolution().population(), 30);       // Flag over file.
  EXPECT_EQ(spec.evolution().parents(), 0);           // Those of another population.
  EXPECT_EQ(spec.evolution().generations(), 3);       // Flag over preset.
  EXPECT_EQ(spec.objective(), v1::OBJECTIVE_PARETO);  // File over preset.
  EXPECT_EQ(spec.measure(), v1::MEASURE_POLICY_CONFIDENT_SKIP);
  EXPECT_EQ(spec.dataset().path(), "/data/shoes");
  EXPECT_EQ(spec.dataset().kind(), v1::DatasetSpec::IMAGE_FOLDER);
  EXPECT_EQ(spec.space().classes(), 12);
  EXPECT_EQ(spec.space().input_channels(), 3);
  EXPECT_THAT(spec.space_optimization().width_mults(), ElementsAre(0.2, 0.3));
  EXPECT_THAT(spec.space_optimization().resolutions(), ElementsAre(32));
  EXPECT_EQ(spec.seed(), 7);
}

TEST_F(SubmitTest, FlagsSayHowLongIsTrained) {
  const ProgramRun run =
      RunRemote(coordinator_, {"submit", "--preset", "standard", "--epochs", "3", "--finalists",
                               "2", "--finetune-epochs", "0", "--skip-broken"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const v1::SearchSpec spec = Created().search().spec();
  EXPECT_EQ(spec.supernet_training().epochs(), 3);
  EXPECT_LT(spec.supernet_training().warmup_epochs(), 3);  // In proportion.
  EXPECT_EQ(spec.specialization().finalists(), 2);
  EXPECT_EQ(spec.specialization().epochs(), 0);
  EXPECT_EQ(spec.dataset().on_broken(), v1::DatasetSpec::SKIP);
}

TEST_F(SubmitTest, PresetFlagReplacesThatOfTheFile) {
  const std::string file = folder_.Write("search.yaml", "preset: standard\n");
  ASSERT_EQ(RunRemote(coordinator_, {"submit", file, "--preset", "quick"}).exit_code, 0);
  EXPECT_EQ(Created().search().spec().supernet_training().epochs(), 4);
}

TEST_F(SubmitTest, APopulationOfTheFileScalesAsTheFlagDoes) {
  const std::string file = folder_.Write(
      "search.yaml", "preset: quick\nevolution: {population: 8, generations: 2, mutations: 3}\n");
  ASSERT_EQ(RunRemote(coordinator_, {"submit", file}).exit_code, 0);
  const v1::EvolutionSpec evolution = Created().search().spec().evolution();
  EXPECT_EQ(evolution.population(), 8);
  EXPECT_EQ(evolution.generations(), 2);
  EXPECT_EQ(evolution.mutations(), 3);   // The file's.
  EXPECT_EQ(evolution.crossovers(), 4);  // Not the preset's 12.
  EXPECT_EQ(evolution.parents(), 0);     // The coordinator's, in proportion.
}

TEST_F(SubmitTest, WhatShowPrintsCanBeSubmittedAgain) {
  coordinator_.Edit([](FakeState& state) {
    v1::Search search = MakeSearch("old", v1::Search::SUCCEEDED);
    search.mutable_spec()->set_seed(1ULL << 60);
    search.mutable_spec()->mutable_limits()->set_sram_bytes(70000);
    search.mutable_spec()->mutable_space()->add_stages()->add_kernel_sizes(5);
    state.searches.push_back(search);
  });
  const ProgramRun shown = RunRemote(coordinator_, {"show", "old", "--json"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  const std::string file = folder_.Write("again.json", shown.Json()["spec"].dump());
  const ProgramRun run = RunRemote(coordinator_, {"submit", file});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Created().search().spec().SerializeAsString(),
            coordinator_.state().searches[0].spec().SerializeAsString());
}

TEST_F(SubmitTest, ARelativePathOfAFileIsBesideTheFile) {
  const std::string file =
      folder_.Write("search.yaml", "preset: quick\ndataset: {kind: image_folder, path: ./shoes}\n");
  ASSERT_EQ(RunRemote(coordinator_, {"submit", file}).exit_code, 0);
  EXPECT_EQ(Created().search().spec().dataset().path(),
            std::filesystem::path(file).parent_path().lexically_normal() / "shoes");
}

TEST_F(SubmitTest, ASeedMayHaveAllItsBits) {
  const std::string file = folder_.Write("search.yaml", "seed: 18446744073709551615\n");
  ASSERT_EQ(RunRemote(coordinator_, {"submit", file}).exit_code, 0);
  EXPECT_EQ(Created().search().spec().seed(), 18446744073709551615U);
}

TEST_F(SubmitTest, QuietPrintsTheNameAndJsonTheSearch) {
  EXPECT_EQ(RunRemote(coordinator_, {"submit", "--quiet"}).out, "searches/search-1\n");
  const ProgramRun run = RunRemote(coordinator_, {"submit", "--json"});
  EXPECT_EQ(run.Json()["name"], "searches/search-2");
  EXPECT_EQ(run.Json()["spec"]["board_type"], "virtual-stm32f405");
}

TEST_F(SubmitTest, ValidateOnlySaysWhatFits) {
  coordinator_.Edit([](FakeState& state) {
    v1::SpaceResult& space = *state.validated.add_spaces();
    space.set_width_mult(0.2);
    space.set_resolution(28);
    space.set_sampled(100);
    space.set_survivors(25);
    space.set_mean_macs(2e6);
    space.set_rank(1);
  });
  const ProgramRun run = RunRemote(coordinator_, {"submit", "--validate-only"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("valid: "));
  EXPECT_THAT(run.out, HasSubstr("25.0%"));
  EXPECT_TRUE(Created().validate_only());
}

TEST_F(SubmitTest, ValidateOnlySaysWhatEachLimitRefuses) {
  coordinator_.Edit([](FakeState& state) {
    v1::Search& search = state.validated;
    search.mutable_spec()->set_board_type("virtual-stm32f405");
    search.mutable_limits()->set_sram_bytes(20480);
    search.mutable_limits()->set_flash_bytes(65536);
    search.mutable_limits()->set_latency_ms(25);
    v1::LimitShares& shares = *search.add_limit_shares();
    shares.set_width_mult(0.2);
    shares.set_resolution(28);
    shares.set_sampled(1000);
    shares.set_over_sram(685);
    shares.set_over_flash(448);
    shares.set_over_any(821);
    for (int i = 0; i <= 20; ++i) shares.add_sram_bytes_quantiles(1024 * (10 + i));
    for (int i = 0; i <= 20; ++i) shares.add_flash_bytes_quantiles(1024 * (50 + i));
  });
  std::string out = RunRemote(coordinator_, {"submit", "--validate-only"}).out;
  EXPECT_THAT(out, HasSubstr("Of 1,000 random networks, width 0.2 at resolution 28"));
  EXPECT_THAT(
      out, HasSubstr("\n"
                     "limit        at most  refuses      5 %     25 %     50 %     75 %     95 %\n"
                     "SRAM         20.0 kB    68.5%  11.0 kB  15.0 kB  20.0 kB  25.0 kB  29.0 kB\n"
                     "flash        64.0 kB    44.8%  51.0 kB  55.0 kB  60.0 kB  65.0 kB  69.0 kB\n"
                     "latency      25.0 ms        -        -        -        -        -        -\n"
                     "one or more             82.1%\n"
                     "Latencies are not known before"));
  EXPECT_THAT(out, StartsWith("valid: networks of the space meet the limits of SRAM and flash; "
                              "latency was not judged\n"));
  coordinator_.Edit([](FakeState& state) {
    v1::LimitShares& shares = *state.validated.mutable_limit_shares(0);
    shares.set_over_latency(754);
    shares.set_measured_networks(60);
    shares.set_latency_error(0.003);
    for (int i = 0; i <= 20; ++i) shares.add_latency_ms_quantiles(20 + i);
  });
  out = RunRemote(coordinator_, {"submit", "--validate-only"}).out;
  EXPECT_THAT(out, StartsWith("valid: networks of the space meet the limits\n"));
  EXPECT_THAT(out, HasSubstr("\nlatency      25.0 ms    75.4%  21.0 ms  25.0 ms  30.0 ms"));
  EXPECT_THAT(out, HasSubstr("predicted from 60 networks measured on virtual-stm32f405, off by "
                             "0.3% on average for others."));
}

TEST_F(SubmitTest, ABoardTypeThatNobodyRegisteredIsWarnedOf) {
  const std::string warning =
      "no board of type virtual-stm32f405 is registered: measurements will wait for one";
  coordinator_.Edit([](FakeState& state) {
    state.boards.emplace_back().set_name("boards/a");
    state.boards.back().set_board_type("virtual-stm32f746");
  });
  EXPECT_THAT(RunRemote(coordinator_, {"submit"}).err, HasSubstr(warning));
  EXPECT_THAT(RunRemote(coordinator_, {"submit", "--validate-only"}).err, HasSubstr(warning));
  coordinator_.Edit(
      [](FakeState& state) { state.boards.back().set_board_type("virtual-stm32f405"); });
  EXPECT_THAT(RunRemote(coordinator_, {"submit"}).err, Not(HasSubstr("no board")));
}

TEST_F(SubmitTest, ABoardListThatFailsDoesNotFailTheSearch) {
  coordinator_.Edit([](FakeState& state) {
    state.errors["ListBoards"] = absl::InternalError("the disk is full");
  });
  EXPECT_EQ(RunRemote(coordinator_, {"submit"}).exit_code, 0);
}

TEST_F(SubmitTest, ValidateOnlyEndsWithThreeWhenNothingFits) {
  coordinator_.Edit([](FakeState& state) {
    state.validated.set_state(v1::Search::INFEASIBLE);
    state.validated.set_message("the closest needs 70000 B of SRAM, the limit is 65536 B");
  });
  const ProgramRun run = RunRemote(coordinator_, {"submit", "--validate-only"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.out, HasSubstr("the closest needs 70000 B"));
}

std::string SmallCheckpoint() {
  v1::CheckpointHeader header;
  header.set_parameters(150000);
  header.add_tensors(v1::CheckpointHeader::WEIGHTS);
  return CheckpointBytes(header);
}

TEST_F(SubmitTest, SupernetFileIsUploadedAndNothingIsTrained) {
  const std::string checkpoint = SmallCheckpoint();
  const std::string file = folder_.Write("net.blc", checkpoint);
  ASSERT_EQ(RunRemote(coordinator_, {"submit", "--supernet", file}).exit_code, 0);
  const v1::SearchSpec spec = Created().search().spec();
  const FakeState state = coordinator_.state();
  ASSERT_EQ(state.artifacts.count(spec.supernet_artifact()), 1) << spec.supernet_artifact();
  EXPECT_EQ(state.artifacts.at(spec.supernet_artifact()), checkpoint);
  EXPECT_FALSE(spec.has_supernet_training());
}

TEST_F(SubmitTest, BesideASupernetOnlyWhatTheUserGivesIsSent) {
  const std::string name = absl::StrCat("artifacts/", std::string(64, 'a'));
  const std::string file =
      folder_.Write("search.yaml", absl::StrCat("preset: quick\nsupernet_artifact: ", name,
                                                "\nspace_optimization: {resolutions: [32]}\n"));
  const std::vector<std::vector<std::string>> runs = {
      {"submit", "--supernet", name},
      {"submit", file},
      {"submit", "--supernet", name, "--dataset", "/data/shoes", "--dataset-kind", "image-folder",
       "--classes", "3", "--widths", "0.5"}};
  for (const std::vector<std::string>& run : runs) {
    ASSERT_EQ(RunRemote(coordinator_, run).exit_code, 0);
  }
  const FakeState state = coordinator_.state();
  ASSERT_EQ(state.created_searches.size(), 3u);
  const v1::SearchSpec bare = state.created_searches[0].search().spec();
  EXPECT_EQ(bare.dataset().path(), "");
  EXPECT_FALSE(bare.has_space());
  EXPECT_FALSE(bare.has_supernet_training());
  EXPECT_EQ(bare.evolution().population(), 24);  // Of the preset.
  const v1::SearchSpec of_file = state.created_searches[1].search().spec();
  EXPECT_EQ(of_file.dataset().path(), "");
  EXPECT_THAT(of_file.space_optimization().resolutions(), ElementsAre(32));
  EXPECT_THAT(of_file.space_optimization().width_mults(), IsEmpty());
  const v1::SearchSpec of_flags = state.created_searches[2].search().spec();
  EXPECT_EQ(of_flags.dataset().path(), "/data/shoes");
  EXPECT_EQ(of_flags.space().classes(), 3);
  EXPECT_THAT(of_flags.space_optimization().width_mults(), ElementsAre(0.5));
}

TEST_F(SubmitTest, WhatIsNoCheckpointIsRefusedByItsNameAndNotSent) {
  const auto refuses = [&](const std::string& bytes, const std::string& problem) {
    const std::string file = folder_.Write("net.blc", bytes);
    return IsRefused(RunRemote(coordinator_, {"submit", "--supernet", file, "--validate-only"}),
                     "INVALID_ARGUMENT", "net.blc " + problem);
  };
  const std::string whole = SmallCheckpoint();
  EXPECT_TRUE(refuses("", "is no checkpoint"));
  EXPECT_TRUE(refuses(std::string(100, 'x'), "is no checkpoint"));
  EXPECT_TRUE(refuses(whole.substr(0, 18), "has a header of"));
  EXPECT_TRUE(refuses(whole.substr(0, 20), "has a header of"));
  EXPECT_TRUE(refuses(whole.substr(0, 600000),
                      "has 600000 B, its header tells of 600039 B: it is cut off"));
  EXPECT_TRUE(refuses(whole + "x", "has 600040 B, its header tells of 600039 B"));
  EXPECT_EQ(coordinator_.state().calls["WriteArtifact"], 0);
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"submit", "--supernet", "none.blc"}), "NOT_FOUND",
                        "none.blc"));
}

TEST_F(SubmitTest, SupernetThatIsThereIsNamed) {
  const std::string name = absl::StrCat("artifacts/", std::string(64, 'a'));
  ASSERT_EQ(RunRemote(coordinator_, {"submit", "--supernet", name}).exit_code, 0);
  EXPECT_EQ(Created().search().spec().supernet_artifact(), name);
  EXPECT_THAT(coordinator_.state().artifacts, IsEmpty());
}

TEST_F(SubmitTest, WatchGoesOnToTheEnd) {
  coordinator_.Edit([](FakeState& state) {
    state.watch = {MakeStep("search-1", 0.5), MakeEnd("search-1", v1::Search::FAILED)};
  });
  const ProgramRun run = RunRemote(coordinator_, {"submit", "--watch"});
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.out, HasSubstr("searches/search-1 created\n"));
  EXPECT_THAT(run.out, HasSubstr("FAILED"));
}

TEST_F(SubmitTest, FieldsThatDoNotExistAreNamedWithTheirLine) {
  const std::string file =
      folder_.Write("search.yaml", "board_type: x\nlimits:\n  sram_byte: 64\n");
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"submit", file}), "INVALID_ARGUMENT",
                        "search.yaml:3: limits.sram_byte is not a known field"));
  EXPECT_EQ(coordinator_.state().created_searches.size(), 0);
}

TEST_F(SubmitTest, ValuesOfTheWrongKindAreNamed) {
  const auto refuses = [&](const std::string& text, const std::string& problem) {
    const std::string file = folder_.Write("search.yaml", text);
    return IsRefused(RunRemote(coordinator_, {"submit", file}), "INVALID_ARGUMENT", problem);
  };
  EXPECT_TRUE(refuses("seed: many", "search.yaml:1: seed is \"many\", an integer is needed"));
  EXPECT_TRUE(refuses("seed: -1", "seed is -1, must be in [0, "));
  EXPECT_TRUE(refuses("evolution: {population: 3000000000}",
                      "evolution.population is 3000000000, which is too large"));
  EXPECT_TRUE(refuses("limits: {sram_bytes: 64Q}", "limits.sram_bytes \"64Q\" is not a size"));
  EXPECT_TRUE(refuses("limits: {latency_ms: nan}", "limits.latency_ms is \"nan\", a number"));
  EXPECT_TRUE(refuses("patches: perhaps", "patches is \"perhaps\", must be true or false"));
  EXPECT_TRUE(refuses("objective: best", "objective is \"best\", must be one of accuracy, pareto"));
  EXPECT_TRUE(refuses("dataset: here", "dataset must be a mapping"));
  EXPECT_TRUE(refuses("space: mbv9", "space is refused: "));
  EXPECT_TRUE(refuses("space_optimization: {resolutions: 28}",
                      "space_optimization.resolutions must be a list"));
  EXPECT_TRUE(refuses("seed: 1\nseed: 2", "search.yaml:2: seed is given twice"));
  EXPECT_TRUE(refuses("seed: [1", "search.yaml:"));
}

TEST_F(SubmitTest, FlagsAreCheckedAsTheFileIs) {
  const auto refuses = [&](const std::string& flag, const std::string& value) {
    return IsRefused(RunRemote(coordinator_, {"submit", flag, value}), "INVALID_ARGUMENT", flag);
  };
  EXPECT_TRUE(refuses("--channels", "2"));
  EXPECT_TRUE(refuses("--seed", "-1"));
  EXPECT_TRUE(refuses("--widths", "0.2,nan"));
  EXPECT_TRUE(refuses("--seed", "18446744073709551616"));
  EXPECT_EQ(coordinator_.state().created_searches.size(), 0);
  ASSERT_EQ(RunRemote(coordinator_, {"submit", "--seed", "18446744073709551615"}).exit_code, 0);
  EXPECT_EQ(Created().search().spec().seed(), 18446744073709551615U);
}

TEST_F(SubmitTest, TextThatIsNotUtf8IsRefusedByItsField) {
  const auto refuses = [&](const std::vector<std::string>& args, const std::string& field) {
    return IsRefused(RunRemote(coordinator_, args), "INVALID_ARGUMENT", field);
  };
  EXPECT_TRUE(refuses({"submit", "--title", "a\xff"}, "search.display_name is \"a?\""));
  EXPECT_TRUE(refuses({"submit", "--dataset", "/d\xff", "--dataset-kind", "idx"},
                      "search.spec.dataset.path is \"/d?\", must be UTF-8"));
  const std::string file = folder_.Write("search.yaml", "board_type: \"b\xff\"\n");
  EXPECT_TRUE(refuses({"submit", file}, "search.spec.board_type is \"b?\", must be UTF-8"));
  EXPECT_EQ(coordinator_.state().calls["CreateSearch"], 0);
}

TEST_F(SubmitTest, UnknownPresetAndMissingFileAreRefused) {
  const std::string file = folder_.Write("search.yaml", "preset: slow");
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"submit", file}), "NOT_FOUND", "quick, standard"));
  EXPECT_TRUE(
      IsRefused(RunRemote(coordinator_, {"submit", "none.yaml"}), "NOT_FOUND", "none.yaml"));
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"submit", "--preset", "slow"}), "INVALID_ARGUMENT",
                        "--preset"));
}

TEST_F(SubmitTest, ANameThatIsTakenIsToldByItsFlag) {
  coordinator_.Edit([](FakeState& state) {
    state.errors["CreateSearch"] =
        absl::AlreadyExistsError("there is a searches/fox already: choose another search_id");
  });
  EXPECT_THAT(RunRemote(coordinator_, {"submit", "--name", "fox"}).err,
              HasSubstr("there is a searches/fox already: choose another --name\n"));
  coordinator_.Edit([](FakeState& state) {
    state.errors["CreateSearch"] = absl::InvalidArgumentError("search_id is \"Fox\", must be");
  });
  EXPECT_THAT(RunRemote(coordinator_, {"submit", "--name", "Fox"}).err,
              HasSubstr("--name is \"Fox\""));
}

TEST_F(SubmitTest, LostAnswerNamesTheRequestId) {
  coordinator_.Edit(
      [](FakeState& state) { state.errors["CreateSearch"] = absl::UnavailableError("stopping"); });
  const ProgramRun run = RunRemote(coordinator_, {"submit", "--request-id", "id-1"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("--request-id id-1"));
}

}  // namespace
}  // namespace boardloop
