// boardloop list, show, candidates, front, get, cancel.

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/remote/remote_run.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class SearchesTest : public testing::Test {
 protected:
  FakeCoordinator coordinator_;
  TemporaryFolder folder_;
};

TEST_F(SearchesTest, ListPrintsATable) {
  coordinator_.Edit([](FakeState& state) {
    v1::Search search = MakeSearch("fox", v1::Search::RUNNING);
    search.set_display_name("shoes");
    search.mutable_progress()->set_stage_fraction(0.42);
    search.mutable_progress()->set_best("searches/fox/candidates/1");
    search.mutable_progress()->set_best_top1(0.8412);
    search.mutable_progress()->set_best_latency_ms(12.3);
    state.searches = {search, MakeSearch("wolf", v1::Search::CANCELLED)};
  });
  const ProgramRun run = RunRemote(coordinator_, {"list"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("name  state      stage           board type         "));
  EXPECT_THAT(run.out, HasSubstr("fox   RUNNING    evolution 42 %  virtual-stm32f405  84.12 %"));
  EXPECT_THAT(run.out, HasSubstr("wolf  CANCELLED  -  "));
}

TEST_F(SearchesTest, ListSaysWhichSearchWaits) {
  coordinator_.Edit([](FakeState& state) {
    v1::Search search = MakeSearch("fox", v1::Search::RUNNING);
    search.set_waiting_for("a worker: none is connected");
    state.searches = {search};
  });
  EXPECT_THAT(RunRemote(coordinator_, {"list"}).out, HasSubstr("evolution 0 %, waits  "));
}

TEST_F(SearchesTest, ListReadsAllPages) {
  coordinator_.Edit([](FakeState& state) {
    for (int i = 0; i < 7; ++i) {
      state.searches.push_back(MakeSearch(absl::StrCat("s", i), v1::Search::RUNNING));
    }
    state.largest_page = 3;
  });
  EXPECT_EQ(RunRemote(coordinator_, {"list", "--quiet"}).out, "s0\ns1\ns2\ns3\ns4\ns5\ns6\n");
  EXPECT_EQ(coordinator_.state().calls["ListSearches"], 3);
  const nlohmann::json json = RunRemote(coordinator_, {"list", "--json", "--limit", "0"}).Json();
  EXPECT_THAT(json["searches"], SizeIs(7));
  EXPECT_EQ(json["next_page_token"], "");
}

TEST_F(SearchesTest, LimitCutsAndSaysSo) {
  coordinator_.Edit([](FakeState& state) {
    for (int i = 0; i < 7; ++i) {
      state.searches.push_back(MakeSearch(absl::StrCat("s", i), v1::Search::RUNNING));
    }
    state.largest_page = 3;
  });
  const ProgramRun run = RunRemote(coordinator_, {"list", "--limit", "4"});
  EXPECT_THAT(run.out, HasSubstr("s3"));
  EXPECT_THAT(run.out, Not(HasSubstr("s4")));
  EXPECT_THAT(run.err, HasSubstr("more than 4; --limit 0 prints all"));
}

TEST_F(SearchesTest, ListByState) {
  coordinator_.Edit([](FakeState& state) {
    state.searches = {MakeSearch("fox", v1::Search::RUNNING),
                      MakeSearch("wolf", v1::Search::FAILED)};
  });
  EXPECT_EQ(RunRemote(coordinator_, {"list", "--state", "failed", "--quiet"}).out, "wolf\n");
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"list", "--state", "tired"}), "INVALID_ARGUMENT",
                        "--state"));
}

TEST_F(SearchesTest, ListWithoutAnEndIsAnError) {
  coordinator_.Edit([](FakeState& state) {
    state.searches = {MakeSearch("fox", v1::Search::RUNNING)};
    state.same_page_for_ever = true;
  });
  const ProgramRun run = RunRemote(coordinator_, {"list"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("page_token"));
}

TEST_F(SearchesTest, ShowSaysAllOfASearch) {
  coordinator_.Edit([](FakeState& state) {
    v1::Search search = MakeSearch("fox", v1::Search::SUCCEEDED);
    search.mutable_end_time()->set_seconds(1700003661);
    search.set_winner("searches/fox/candidates/47");
    search.mutable_limits()->set_sram_bytes(65536);
    search.mutable_spec()->set_objective(v1::OBJECTIVE_PARETO);
    v1::SpaceResult& space = *search.add_spaces();
    space.set_width_mult(0.3);
    space.set_resolution(28);
    space.set_sampled(200);
    space.set_survivors(100);
    space.set_mean_macs(3e6);
    space.set_mean_macs_ci95(1e5);
    space.set_rank(1);
    v1::Deliverable& file = *search.add_deliverables();
    file.set_file_name("model.tflite");
    file.set_size_bytes(204800);
    state.searches = {search};
  });
  const ProgramRun run = RunRemote(coordinator_, {"show", "fox"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* text :
       {"name         searches/fox\n", "state        SUCCEEDED\n", "took         1 h 01 min\n",
        "limits       SRAM 64.0 kB\n", "Pareto front", "winner       searches/fox/candidates/47\n",
        "50.0%", "3.0M ± 100.0k", "model.tflite  200.0 kB"}) {
    EXPECT_THAT(run.out, HasSubstr(text));
  }
}

TEST_F(SearchesTest, ShowTakesOtherNames) {
  coordinator_.Edit([](FakeState& state) {
    v1::Candidate candidate = MakeCandidate("fox", 47, 0.84, 12);
    candidate.mutable_measurement()->set_outcome(v1::Measurement::OK);
    candidate.mutable_measurement()->set_latency_ms(12);
    candidate.mutable_measurement()->set_clock_hz(168000000);
    candidate.mutable_measurement()->set_timing(v1::Measurement::MODELLED);
    state.candidates = {candidate};
    state.boards = {MakeBoard("desk-07", v1::Board::IDLE)};
  });
  EXPECT_THAT(RunRemote(coordinator_, {"show", "fox/candidates/47"}).out,
              HasSubstr("latency      12.00 ms at 168 MHz, MODELLED\n"));
  EXPECT_THAT(RunRemote(coordinator_, {"show", "boards/desk-07"}).out,
              HasSubstr("state        IDLE\n"));
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"show", "fox/candidates/48"}), "NOT_FOUND",
                        "searches/fox/candidates/48"));
}

TEST_F(SearchesTest, CandidatesWithReasons) {
  coordinator_.Edit([](FakeState& state) {
    state.candidates = {MakeCandidate("fox", 1, 0.8, 10), MakeCandidate("fox", 2, 0.9, 30),
                        MakeCandidate("wolf", 1, 0.9, 30)};
    state.candidates[1].set_state(v1::Candidate::INFEASIBLE);
    state.candidates[1].set_reason("latency 30 ms, limit 20 ms");
    state.largest_page = 1;
  });
  const ProgramRun run = RunRemote(coordinator_, {"candidates", "fox"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("INFEASIBLE  latency 30 ms, limit 20 ms\n"));
  EXPECT_THAT(RunRemote(coordinator_, {"candidates", "fox", "--json"}).Json()["candidates"],
              SizeIs(2));
}

TEST_F(SearchesTest, FrontAsTableJsonAndPicture) {
  coordinator_.Edit([](FakeState& state) {
    state.front = {MakeCandidate("fox", 2, 0.9, 20), MakeCandidate("fox", 1, 0.8, 10)};
    state.candidates = state.front;
    state.candidates.push_back(MakeCandidate("fox", 3, 0.7, 15));
  });
  const std::string plot = folder_.path() + "/front.svg";
  const ProgramRun run = RunRemote(coordinator_, {"front", "fox", "--plot", plot});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("2  90.00 %  20.0 ms  64.0 kB  200.0 kB  2.5M   90.0k  subnet-2"));
  const absl::StatusOr<std::string> svg = ReadFile(plot, 1 << 20);
  ASSERT_THAT(svg, IsOk());
  EXPECT_THAT(*svg, HasSubstr("Pareto front of fox"));
  const nlohmann::json json = RunRemote(coordinator_, {"front", "fox", "--json"}).Json();
  EXPECT_EQ(json["candidates"][0]["latency_ms"], 20.0);
}

TEST_F(SearchesTest, EmptyFrontIsNotPlotted) {
  const ProgramRun run =
      RunRemote(coordinator_, {"front", "fox", "--plot", folder_.path() + "/front.svg"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("nothing to plot"));
}

class GetTest : public SearchesTest {
 protected:
  // Stores `content` as a deliverable of "fox".
  void Deliver(const std::string& file_name, const std::string& content) {
    coordinator_.Edit([&](FakeState& state) {
      const std::string artifact = absl::StrCat("artifacts/", Sha256Hex(content));
      state.artifacts[artifact] = content;
      if (state.searches.empty()) state.searches = {MakeSearch("fox", v1::Search::SUCCEEDED)};
      v1::Deliverable& file = *state.searches[0].add_deliverables();
      file.set_file_name(file_name);
      file.set_artifact(artifact);
      file.set_size_bytes(static_cast<int64_t>(content.size()));
    });
  }
};

TEST_F(GetTest, WritesAllFiles) {
  const std::string model(12345, 'm');
  Deliver("model.tflite", model);
  Deliver("report.html", "");
  const std::string out = folder_.path() + "/a/b";
  const ProgramRun run = RunRemote(coordinator_, {"get", "fox", "--out", out});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, out + "/model.tflite  12.1 kB\n" + out + "/report.html  0 B\n");
  EXPECT_THAT(ReadFile(out + "/model.tflite", 1 << 20), IsOkAndHolds(model));
  EXPECT_THAT(ReadFile(out + "/report.html", 1 << 20), IsOkAndHolds(""));
}

TEST_F(GetTest, WritesThoseThatAreNamed) {
  Deliver("model.tflite", "m");
  Deliver("report.html", "r");
  const std::string out = folder_.path() + "/out";
  ASSERT_EQ(RunRemote(coordinator_, {"get", "fox", "report.html", "--out", out}).exit_code, 0);
  EXPECT_THAT(ReadFile(out + "/report.html", 10), IsOkAndHolds("r"));
  EXPECT_THAT(ReadFile(out + "/model.tflite", 10), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"get", "fox", "model.pt"}), "NOT_FOUND",
                        "model.tflite, report.html"));
}

TEST_F(GetTest, TellsTheFiguresOfTheResult) {
  Deliver("result.json", R"({"board_type": "virtual-stm32f405",
    "test_top1_int8": 0.9027, "test_images": 10000,
    "board_top1": 0.91, "board_images": 100, "board_equals_host": true,
    "latency_ms": 23.7, "timing": "MODELLED", "timing_model": "cortex-m4-trm 1",
    "clock_hz": 168000000, "limits": {"sram_bytes": 22528, "flash_bytes": null, "latency_ms": 27},
    "limits_refuse": {"sampled": 1000, "sram": 0.685, "latency": 0.6, "any": 0.9},
    "sram": {"network": 19264, "stack": 256, "data": 688}, "flash": {"network": null},
    "candidates": 96, "candidates_measured": 95, "candidates_feasible": 50})");
  const ProgramRun run = RunRemote(coordinator_, {"get", "fox", "--out", folder_.path() + "/out"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("test top-1           90.27 %"));
  EXPECT_THAT(run.out, HasSubstr("100 images; every output equals the host's bit for bit"));
  EXPECT_THAT(run.out, HasSubstr("latency              23.7 ms  27.0 ms       60.0%  "
                                 "MODELLED (cortex-m4-trm 1) at 168 MHz"));
  EXPECT_THAT(run.out, HasSubstr("SRAM                 18.8 kB  22.0 kB       68.5%  planned"));
  EXPECT_THAT(run.out, Not(HasSubstr("flash ")));
  EXPECT_THAT(run.out, HasSubstr("candidates measured       95                90.0%  of 96, 50"));
}

TEST_F(GetTest, AResultThatIsNoneIsToldApart) {
  Deliver("result.json", R"({"test_top1_int8": "0.9", "sram": 7, "limits": [1]})");
  const std::string out = folder_.path() + "/out";
  EXPECT_EQ(RunRemote(coordinator_, {"get", "fox", "--out", out}).exit_code, 0);
  Deliver("result.json", "no JSON");
  coordinator_.Edit(
      [](FakeState& state) { state.searches[0].mutable_deliverables()->DeleteSubrange(0, 1); });
  const ProgramRun run = RunRemote(coordinator_, {"get", "fox", "--out", out});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("not a JSON object"));
}

TEST_F(GetTest, DamagedFileIsNotWritten) {
  Deliver("model.tflite", "good");
  coordinator_.Edit([](FakeState& state) {
    for (auto& [name, content] : state.artifacts) content = "evil";
  });
  const std::string out = folder_.path() + "/out";
  const ProgramRun run = RunRemote(coordinator_, {"get", "fox", "--out", out});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("DATA_LOSS: download model.tflite: "));
  EXPECT_THAT(ReadFile(out + "/model.tflite", 10), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(GetTest, NamesCannotLeadOutOfTheFolder) {
  Deliver("../evil", "x");
  const ProgramRun run = RunRemote(coordinator_, {"get", "fox", "--out", folder_.path() + "/out"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("refused"));
  EXPECT_THAT(ReadFile(folder_.path() + "/evil", 10), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(GetTest, SearchWithoutDeliverablesSaysItsState) {
  coordinator_.Edit(
      [](FakeState& state) { state.searches = {MakeSearch("fox", v1::Search::RUNNING)}; });
  const ProgramRun run = RunRemote(coordinator_, {"get", "fox"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("it is RUNNING"));
}

TEST_F(SearchesTest, Cancel) {
  coordinator_.Edit(
      [](FakeState& state) { state.searches = {MakeSearch("fox", v1::Search::RUNNING)}; });
  EXPECT_EQ(RunRemote(coordinator_, {"cancel", "fox"}).out, "searches/fox is CANCELLED\n");
  EXPECT_EQ(RunRemote(coordinator_, {"cancel", "fox", "--json"}).Json()["state"], "CANCELLED");
}

TEST_F(SearchesTest, RefusalOfTheCoordinatorIsToldWithItsReason) {
  coordinator_.Edit([](FakeState& state) {
    state.errors["CancelSearch"] =
        absl::FailedPreconditionError("searches/fox is SUCCEEDED, must be RUNNING");
  });
  const ProgramRun run = RunRemote(coordinator_, {"cancel", "fox"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err,
            "boardloop: FAILED_PRECONDITION: searches/fox is SUCCEEDED, must be RUNNING\n");
}

TEST_F(SearchesTest, FailureOfTheCoordinatorIsNotOurs) {
  coordinator_.Edit([](FakeState& state) {
    state.errors["ListSearches"] = absl::InternalError("the store is closed");
  });
  const ProgramRun run = RunRemote(coordinator_, {"list"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("the coordinator at " + coordinator_.address() + " failed: "));
}

TEST_F(SearchesTest, AbsentCoordinatorIsUnreachable) {
  coordinator_.Stop();
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"list"},
                                             {"show", "fox"},
                                             {"watch", "fox"},
                                             {"submit"},
                                             {"front", "fox"},
                                             {"get", "fox"},
                                             {"cancel", "fox"},
                                             {"boards", "list"},
                                             {"workers"},
                                             {"events"}}) {
    const ProgramRun run = RunRemote(coordinator_, args);
    EXPECT_EQ(run.exit_code, 6) << args[0];
    EXPECT_THAT(run.err, HasSubstr("no coordinator answers at " + coordinator_.address()));
    EXPECT_THAT(run.out, IsEmpty());
  }
}

TEST_F(SearchesTest, AddressOfTheEnvironment) {
  coordinator_.Edit(
      [](FakeState& state) { state.searches = {MakeSearch("fox", v1::Search::RUNNING)}; });
  const ProgramRun run = RunBoardloopIn(
      "BOARDLOOP_SERVER=" + coordinator_.address() + " exec \"$0\" \"$@\"", {"list", "--quiet"});
  EXPECT_EQ(run.out, "fox\n") << run.err;
}

TEST_F(SearchesTest, BadAddressesAndNamesAreRefused) {
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"list", "--server", "nowhere"}), "INVALID_ARGUMENT", "HOST:PORT"));
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"watch", "boards/x"}), "INVALID_ARGUMENT",
                        "searches/NAME"));
}

}  // namespace
}  // namespace boardloop
