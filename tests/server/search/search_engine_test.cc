// Whole searches: the real engine, scheduler and artifacts, on a store in memory; workers and boards are a loop that answers.
#include "server/search/search_engine.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/artifact_name.h"
#include "core/base/hash.h"
#include "core/presets/search_presets.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "server/search/finalist_tasks.h"
#include "server/search/names.h"
#include "server/search/replay.h"
#include "tests/support/checkpoint_bytes.h"
#include "tests/support/memory_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kName[] = "searches/s";

v1::SearchSpec SmallSpec() {
  v1::SearchSpec spec = *SearchPreset("quick");
  spec.mutable_space_optimization()->set_samples(50);
  spec.mutable_evolution()->set_population(6);
  spec.mutable_evolution()->set_parents(2);
  spec.mutable_evolution()->set_crossovers(2);
  spec.mutable_evolution()->set_mutations(2);
  spec.mutable_evolution()->set_generations(2);
  return spec;
}

// Between 0 and 1, a function of `text`.
double Fraction(const std::string& text) {
  return static_cast<double>(HashBytes(text).low % 1000) / 1000;
}

class Farm {
 public:
  explicit Farm(int32_t capacity) : capacity_(capacity) { Start(); }
  ~Farm() { engine_->Stop(); }

  void Start() {
    absl::StatusOr<std::unique_ptr<ArtifactFiles>> artifacts =
        ArtifactFiles::Create(folder_.Path("artifacts"), store_, {});
    EXPECT_THAT(artifacts, IsOk());
    artifacts_ = *std::move(artifacts);
    engine_ = std::make_unique<SearchEngine>(store_, clock_, /*threads=*/1);
    scheduler_ = std::make_unique<Scheduler>(store_, clock_, *engine_, Scheduler::Options());
    engine_->Connect(*scheduler_, *artifacts_);
    EXPECT_THAT(scheduler_->Load(), IsOk());
    EXPECT_THAT(engine_->Start(), IsOk());
  }

  // As when the coordinator is killed: rows and files stay.
  void Restart() {
    engine_->Stop();
    scheduler_.reset();
    engine_.reset();
    artifacts_.reset();
    Start();
  }

  absl::Status Create(const v1::SearchSpec& spec, const std::string& name = kName) {
    v1::Search asked;
    *asked.mutable_spec() = spec;
    absl::StatusOr<v1::Search> search = engine_->Prepare(asked);
    if (!search.ok()) return search.status();
    search->set_name(name);
    absl::Status stored = store_.Run([&](Transaction& tx) { return engine_->Insert(tx, *search); });
    if (stored.ok()) engine_->OwnerChanged(name);
    return stored;
  }

  absl::StatusOr<v1::Search> Validate(
      const v1::Search& asked, const std::function<bool()>& cancelled = [] { return false; }) {
    absl::StatusOr<v1::Search> search = engine_->Prepare(asked);
    if (!search.ok()) return search;
    return engine_->Validate(*std::move(search), cancelled);
  }

  // The text of a delivered file.
  std::string Delivered(const std::string& file_name) {
    const v1::Search search = Get();
    for (const v1::Deliverable& file : search.deliverables()) {
      if (file.file_name() != file_name) continue;
      const absl::StatusOr<std::string> sha256 = ArtifactSha256(file.artifact());
      EXPECT_THAT(sha256, IsOk());
      const absl::StatusOr<std::string> text = artifacts_->ReadAll(*sha256);
      EXPECT_THAT(text, IsOk());
      return *text;
    }
    ADD_FAILURE() << file_name << " was not delivered";
    return "";
  }

  v1::Search Get(const std::string& name = kName) {
    absl::StatusOr<SearchView> view = ReadSearch(store_, name);
    EXPECT_THAT(view, IsOk());
    return view->search;
  }
  std::vector<std::string> Candidates() {
    std::vector<std::string> texts;
    const absl::StatusOr<SearchView> view = ReadSearch(store_, kName);
    EXPECT_THAT(view, IsOk());
    for (const v1::Candidate& candidate : view->candidates) {
      texts.push_back(absl::StrCat(candidate.subnet(), " ", candidate.top1(), " ",
                                   candidate.latency_ms(), " ", candidate.state()));
    }
    return texts;
  }

  // Calls and answers until the search has ended, or `rounds` are over.
  void Work(int rounds = 100000, const std::string& name = kName) {
    for (int i = 0; i < rounds && Get(name).state() == v1::Search::RUNNING; ++i) {
      Answer(worker_, v1::Member::WORKER);
      Answer(agent_, v1::Member::AGENT);
      std::this_thread::yield();  // The engine has a thread of its own.
    }
  }

  // From now on no score is given: tasks fail with `reason`.
  void FailScores(const std::string& reason) { no_score_ = reason; }

  // From now on no image is run: tasks fail with `reason`.
  void FailImages(const std::string& reason) { no_image_ = reason; }

  // The next images take so many milliseconds, one after the other; the rest one.
  void ImagesTake(std::deque<double> latencies_ms) {
    image_latencies_ms_ = std::move(latencies_ms);
  }

  SearchContext context() { return {store_, *scheduler_, *artifacts_, clock_, 1}; }
  SearchEngine& engine() { return *engine_; }

 private:
  void Answer(v1::SynchronizeRequest& request, v1::Member::Kind kind) {
    const bool worker = kind == v1::Member::WORKER;
    request.set_protocol_version(kProtocolVersion);
    request.set_member(worker ? "members/w" : "members/a");
    request.set_instance("instance-1");
    request.set_kind(kind);
    request.set_capacity(capacity_);
    if (worker && request.datasets().empty()) {
      request.add_datasets(SmallSpec().dataset().path());
    }
    if (!worker && request.boards().empty()) {
      request.add_boards()->set_name("boards/1");
      request.mutable_boards(0)->set_board_type("virtual-stm32f405");
      request.mutable_boards(0)->set_build_digest("digest");
    }
    const absl::StatusOr<v1::SynchronizeResponse> response = scheduler_->Synchronize(request);
    ASSERT_THAT(response, IsOk());
    request.clear_finished();
    for (const v1::BoardOrder& order : response->orders()) {
      request.mutable_boards(0)->set_check(order.check());
    }
    for (const v1::Grant& grant : response->grants()) {
      v1::FinishedTask& finished = *request.add_finished();
      finished.set_task(grant.task());
      finished.set_epoch(grant.epoch());
      finished.mutable_result()->set_outcome(v1::TaskResult::DONE);
      AnswerTask(grant.payload(), *finished.mutable_result());
    }
  }

  void AnswerTask(const v1::TaskPayload& payload, v1::TaskResult& result) {
    if (payload.has_train()) {
      result.mutable_train()->set_supernet(Checkpoint(payload.train()));
    } else if (payload.has_score() && !no_score_.empty()) {
      result.set_outcome(v1::TaskResult::INVALID);
      result.set_message(no_score_);
    } else if (payload.has_score()) {
      result.mutable_score()->set_top1(Fraction(payload.score().subnet()));
    } else if (payload.has_specialize()) {
      v1::SpecializeOutput& output = *result.mutable_specialize();
      output.set_model_blm(Put("blm"));
      output.set_model_tflite(Put("tflite"));
      output.set_model_onnx(Put("onnx"));
      output.set_samples(Put("samples"));
      output.set_val_top1_int8(Fraction(payload.specialize().subnet()));
      output.set_test_top1_int8(0.5);
    } else if (payload.measure().mode() == v1::Measurement::IMAGE && !no_image_.empty()) {
      result.set_outcome(v1::TaskResult::INVALID);
      result.set_message(no_image_);
    } else {
      AnswerMeasure(payload.measure(), *result.mutable_measure());
    }
  }

  void AnswerMeasure(const v1::MeasureTask& task, v1::MeasureOutput& output) {
    v1::Measurement& measurement = *output.mutable_measurement();
    measurement.set_outcome(v1::Measurement::OK);
    measurement.set_mode(task.mode());
    measurement.set_timing(v1::Measurement::MODELLED);
    measurement.set_latency_ms(10 + 20 * Fraction(task.subnet().subnet()));
    if (task.mode() != v1::Measurement::IMAGE) return;
    measurement.set_latency_ms(1);
    if (!image_latencies_ms_.empty()) {
      measurement.set_latency_ms(image_latencies_ms_.front());
      image_latencies_ms_.pop_front();
    }
    measurement.set_exact(true);
    measurement.set_inputs(101);
    measurement.set_samples(100);
    measurement.set_correct(88);
    output.set_library(Put("library"));
    output.set_firmware(Put("firmware"));
  }

  std::string Put(const std::string& bytes) {
    const absl::StatusOr<store::ArtifactRow> row = artifacts_->Put(bytes);
    EXPECT_THAT(row, IsOk());
    return absl::StrCat("artifacts/", row->sha256());
  }

  std::string Checkpoint(const v1::TrainTask& task) {
    v1::CheckpointHeader header;
    *header.mutable_supernet() = task.supernet();
    header.mutable_supernet()->set_classes(10);
    header.mutable_supernet()->set_input_channels(1);
    *header.mutable_dataset() = task.dataset();
    return Put(CheckpointBytes(header));
  }

  const int32_t capacity_;
  std::string no_score_, no_image_;
  std::deque<double> image_latencies_ms_;
  TestFolder folder_;
  SystemClock clock_;
  MemoryStore store_;
  std::unique_ptr<ArtifactFiles> artifacts_;
  std::unique_ptr<SearchEngine> engine_;
  std::unique_ptr<Scheduler> scheduler_;
  v1::SynchronizeRequest worker_, agent_;
};

TEST(SearchEngineTest, ASearchEndsWithAWinnerAndHandsEverythingOver) {
  Farm farm(4);
  ASSERT_THAT(farm.Create(SmallSpec()), IsOk());
  farm.Work();
  const v1::Search search = farm.Get();
  EXPECT_EQ(search.state(), v1::Search::SUCCEEDED) << search.message();
  EXPECT_EQ(farm.Candidates().size(), 14u);  // 6, and twice 4.
  EXPECT_THAT(search.winner(), HasSubstr("searches/s/candidates/"));
  std::vector<std::string> files;
  for (const v1::Deliverable& deliverable : search.deliverables()) {
    EXPECT_GT(deliverable.size_bytes(), 0);
    files.push_back(deliverable.file_name());
  }
  EXPECT_THAT(files, ::testing::IsSupersetOf({"model.tflite", "model.onnx", "library.tar.gz",
                                              "firmware.elf", "result.json", "report.html"}));
}

TEST(SearchEngineTest, TheResultSaysWhenItEndedWhatItDeliversAndWhatTheLimitsRefuse) {
  v1::SearchSpec spec = SmallSpec();
  spec.mutable_limits()->set_latency_ms(20);
  Farm farm(4);
  ASSERT_THAT(farm.Create(spec), IsOk());
  farm.Work();
  const v1::Search search = farm.Get();
  ASSERT_EQ(search.state(), v1::Search::SUCCEEDED) << search.message();
  const nlohmann::json result = nlohmann::json::parse(farm.Delivered("result.json"));
  ASSERT_TRUE(result.at("end_time").is_string());
  EXPECT_THAT(result.at("end_time"),
              HasSubstr(absl::FormatTime("%Y-%m-%dT%H:%M:%S",
                                         absl::FromUnixSeconds(search.end_time().seconds()),
                                         absl::UTCTimeZone())));
  EXPECT_TRUE(result.at("deliverables").contains("model.tflite"));
  EXPECT_EQ(result.at("limits_refuse").at("sampled"), 50);
  EXPECT_EQ(result.at("limits_refuse").at("sram"), 0);  // The quick space is small for the board.
  EXPECT_EQ(result.at("limits_refuse").at("any"), result.at("limits_refuse").at("latency"));
}

TEST(SearchEngineTest, ValidationCountsWhatEachLimitRefuses) {
  Farm farm(4);
  const auto shares = [&](int64_t sram, int64_t flash, double latency_ms) {
    v1::Search asked;
    *asked.mutable_spec() = SmallSpec();
    asked.mutable_spec()->mutable_limits()->set_sram_bytes(sram);
    asked.mutable_spec()->mutable_limits()->set_flash_bytes(flash);
    asked.mutable_spec()->mutable_limits()->set_latency_ms(latency_ms);
    const absl::StatusOr<v1::Search> search = farm.Validate(asked);
    EXPECT_THAT(search, IsOk());
    EXPECT_EQ(search->limit_shares_size(), 1);
    return search->limit_shares(0);
  };
  const v1::LimitShares open = shares(0, 0, 0);
  EXPECT_EQ(open.sampled(), 50);
  EXPECT_EQ(open.over_any(), 0);
  EXPECT_FALSE(open.has_over_latency()) << "nothing was measured";
  EXPECT_THAT(open.latency_ms_quantiles(), IsEmpty());
  // A limit at a quantile refuses what lies above it.
  ASSERT_EQ(open.flash_bytes_quantiles_size(), 21);
  EXPECT_EQ(shares(0, open.flash_bytes_quantiles(20), 0).over_flash(), 0);
  EXPECT_EQ(shares(0, open.flash_bytes_quantiles(0) - 1, 0).over_flash(), 50);
  const v1::LimitShares half =
      shares(open.sram_bytes_quantiles(10), open.flash_bytes_quantiles(10), 0);
  EXPECT_GT(half.over_sram(), 0);
  EXPECT_LT(half.over_sram(), 30);
  EXPECT_NEAR(half.over_flash(), 25, 2);
  EXPECT_GE(half.over_any(), std::max(half.over_sram(), half.over_flash()));
  EXPECT_LE(half.over_any(), half.over_sram() + half.over_flash());

  // Once a search has measured on the board type, latencies are predicted.
  ASSERT_THAT(farm.Create(SmallSpec()), IsOk());
  farm.Work();
  const v1::LimitShares known = shares(0, 0, 1e-3);
  EXPECT_EQ(known.over_latency(), 50);
  EXPECT_EQ(known.over_any(), 50);
  EXPECT_EQ(known.measured_networks(), 14);
  ASSERT_EQ(known.latency_ms_quantiles_size(), 21);
  EXPECT_EQ(shares(0, 0, known.latency_ms_quantiles(20)).over_latency(), 0);
}

TEST(SearchEngineTest, ValidationSaysWhichLimitRefusesEverything) {
  v1::Search asked;
  *asked.mutable_spec() = SmallSpec();
  asked.mutable_spec()->mutable_limits()->set_sram_bytes(100);
  Farm farm(4);
  const absl::StatusOr<v1::Search> search = farm.Validate(asked);
  ASSERT_THAT(search, IsOk());
  EXPECT_EQ(search->state(), v1::Search::INFEASIBLE);
  ASSERT_EQ(search->limit_shares_size(), 1);
  EXPECT_EQ(search->limit_shares(0).over_sram(), 50);
  EXPECT_EQ(search->limit_shares(0).over_flash(), 0);
}

TEST(SearchEngineTest, ValidationJudgesLatencyOnceItIsKnown) {
  v1::Search asked;
  *asked.mutable_spec() = SmallSpec();
  asked.mutable_spec()->mutable_limits()->set_latency_ms(1e-3);
  Farm farm(4);
  absl::StatusOr<v1::Search> search = farm.Validate(asked);
  ASSERT_THAT(search, IsOk());
  EXPECT_EQ(search->state(), v1::Search::RUNNING) << "nothing was measured";
  ASSERT_THAT(farm.Create(SmallSpec()), IsOk());
  farm.Work();
  search = farm.Validate(asked);
  ASSERT_THAT(search, IsOk());
  EXPECT_EQ(search->state(), v1::Search::INFEASIBLE);
  EXPECT_THAT(search->message(), HasSubstr("ms as predicted (limit 0.001)"));

  // The same in the super-network that was trained.
  asked.mutable_spec()->set_supernet_artifact(farm.Get().supernet());
  DropTraining(*asked.mutable_spec());
  search = farm.Validate(asked);
  ASSERT_THAT(search, IsOk());
  EXPECT_EQ(search->state(), v1::Search::INFEASIBLE);
  asked.mutable_spec()->clear_limits();
  EXPECT_EQ(farm.Validate(asked)->state(), v1::Search::RUNNING);
  asked.mutable_spec()->mutable_limits()->set_sram_bytes(100);
  search = farm.Validate(asked);
  ASSERT_THAT(search, IsOk());
  EXPECT_EQ(search->state(), v1::Search::INFEASIBLE);
  EXPECT_THAT(search->message(), HasSubstr("B of SRAM (limit 100)"));
}

TEST(SearchEngineTest, AValidationEndsWithItsCall) {
  v1::Search asked;
  *asked.mutable_spec() = SmallSpec();
  asked.mutable_spec()->mutable_space_optimization()->set_samples(1'000'000);
  Farm farm(4);
  std::atomic<int> samples{0};
  // In space optimization, and in the counting behind it.
  EXPECT_THAT(farm.Validate(asked, [&] { return ++samples > 10; }),
              StatusIs(absl::StatusCode::kCancelled));
  asked.mutable_spec()->mutable_space_optimization()->set_samples(20);
  samples = 0;
  EXPECT_THAT(farm.Validate(asked, [&] { return ++samples > 30; }),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST(SearchEngineTest, SpaceOptimizationEndsWithItsSearchAndWithTheEngine) {
  v1::SearchSpec spec = SmallSpec();
  spec.mutable_space_optimization()->set_samples(1'000'000);  // Minutes.
  const absl::Time begin = absl::Now();
  Farm farm(4);
  ASSERT_THAT(farm.Create(spec), IsOk());
  const auto begun = [&] {
    v1::Search search = farm.Get();
    EXPECT_THAT(farm.engine().FillIn(search), IsOk());
    return search.progress().stage_fraction() > 0;
  };
  while (!begun()) std::this_thread::yield();
  farm.Restart();
  while (!begun()) std::this_thread::yield();
  EXPECT_THAT(farm.engine().Cancel(kName, ""), IsOk());
  EXPECT_EQ(farm.Get().state(), v1::Search::CANCELLED);
  ASSERT_THAT(farm.Create(SmallSpec(), "searches/next"), IsOk());
  while (farm.Get("searches/next").stage() == v1::Search::SPACE_OPTIMIZATION) {
    std::this_thread::yield();
  }
  EXPECT_LT(absl::Now() - begin, absl::Seconds(60));
}

TEST(SearchEngineTest, TheSameSeedFindsTheSameWhateverTheOrderOfAnswers) {
  Farm one(1), many(16);
  ASSERT_THAT(one.Create(SmallSpec()), IsOk());
  ASSERT_THAT(many.Create(SmallSpec()), IsOk());
  one.Work();
  many.Work();
  EXPECT_EQ(one.Candidates(), many.Candidates());
  EXPECT_EQ(one.Get().winner(), many.Get().winner());
}

TEST(SearchEngineTest, ACoordinatorThatIsKilledAnywhereFindsTheSame) {
  Farm whole(4);
  ASSERT_THAT(whole.Create(SmallSpec()), IsOk());
  whole.Work();
  Farm broken(4);
  ASSERT_THAT(broken.Create(SmallSpec()), IsOk());
  for (int i = 0; i < 1000 && broken.Get().state() == v1::Search::RUNNING; ++i) {
    broken.Work(/*rounds=*/1 + i % 5);
    // Space optimization begins again with every start: it is broken off a few times, and then gets the time that it needs.
    while (i >= 5 && broken.Get().state() == v1::Search::RUNNING &&
           broken.Get().stage() == v1::Search::SPACE_OPTIMIZATION) {
      std::this_thread::yield();
    }
    broken.Restart();
  }
  EXPECT_EQ(broken.Candidates(), whole.Candidates());
  EXPECT_EQ(broken.Get().winner(), whole.Get().winner());
}

// What is best is slowest here: the first finalist is just within the limit, and just over it as an image.
TEST(SearchEngineTest, AFinalistThatDoesNotHoldAsAnImageIsReplaced) {
  v1::SearchSpec spec = SmallSpec();
  spec.mutable_limits()->set_latency_ms(20);
  Farm farm(4);
  farm.ImagesTake({20.5, 19});
  ASSERT_THAT(farm.Create(spec), IsOk());
  farm.Work();
  const v1::Search search = farm.Get();
  ASSERT_EQ(search.state(), v1::Search::SUCCEEDED) << search.message();
  const absl::StatusOr<FinalistTasks> tasks = ReadFinalistTasks(farm.context().store, kName);
  ASSERT_THAT(tasks, IsOk());
  // One failed to hold, and told which others would.
  ASSERT_EQ(tasks->specializations.size(), 2u);
  const absl::StatusOr<SearchView> view = ReadSearch(farm.context().store, kName);
  ASSERT_THAT(view, IsOk());
  const auto latency_of = [&](const store::Task& task) {
    return view->candidates[static_cast<size_t>(task.candidate() - 1)].latency_ms();
  };
  const double slowdown = 20.5 / latency_of(tasks->specializations.front());
  EXPECT_LE(slowdown * latency_of(tasks->specializations.back()), 20);
  const absl::StatusOr<ReplayResult> replay = ReplaySearch(farm.context(), kName);
  ASSERT_THAT(replay, IsOk());
  EXPECT_THAT(replay->differences, ::testing::IsEmpty());
}

TEST(SearchEngineTest, ASearchOfWhichNoImageHoldsIsInfeasibleAndSaysWhy) {
  v1::SearchSpec spec = SmallSpec();
  spec.mutable_limits()->set_latency_ms(20);
  Farm farm(4);
  farm.ImagesTake({60});
  ASSERT_THAT(farm.Create(spec), IsOk());
  farm.Work();
  EXPECT_EQ(farm.Get().state(), v1::Search::INFEASIBLE);
  EXPECT_THAT(farm.Get().message(),
              ::testing::AllOf(HasSubstr("none of the 1 candidates that were specialized holds"),
                               HasSubstr("ms, the limit is 20 ms")));
}

TEST(SearchEngineTest, AnImageThatNoBoardCouldRunIsNoCandidatesFault) {
  Farm farm(4);
  farm.FailImages("no linker");
  ASSERT_THAT(farm.Create(SmallSpec()), IsOk());
  farm.Work();
  EXPECT_EQ(farm.Get().state(), v1::Search::FAILED);
  EXPECT_THAT(farm.Get().message(), HasSubstr("no finalist could be verified: candidate "));
  EXPECT_THAT(farm.Get().message(), HasSubstr("no linker"));
}

TEST(SearchEngineTest, ProgressOfSpecializationRisesToItsVerification) {
  Farm farm(4);
  ASSERT_THAT(farm.Create(SmallSpec()), IsOk());
  double fraction = 0;
  while (farm.Get().state() == v1::Search::RUNNING) {
    farm.Work(/*rounds=*/1);
    v1::Search search = farm.Get();
    if (search.stage() != v1::Search::SPECIALIZATION) continue;
    ASSERT_THAT(farm.engine().FillIn(search), IsOk());
    EXPECT_GE(search.progress().stage_fraction(), fraction);
    fraction = search.progress().stage_fraction();
  }
  EXPECT_GT(fraction, 0.9);  // While the image was on the board.
}

TEST(SearchEngineTest, AnswersFromTheCacheCountAsMeasured) {
  constexpr char kAgain[] = "searches/again";
  Farm farm(4);
  ASSERT_THAT(farm.Create(SmallSpec()), IsOk());
  farm.Work();
  ASSERT_THAT(farm.Create(SmallSpec(), kAgain), IsOk());
  farm.Work(/*rounds=*/100000, kAgain);
  v1::Search again = farm.Get(kAgain);
  ASSERT_EQ(again.state(), v1::Search::SUCCEEDED) << again.message();
  ASSERT_THAT(farm.engine().FillIn(again), IsOk());
  EXPECT_EQ(again.progress().candidates_cached(), 14);
  EXPECT_EQ(again.progress().candidates_measured(), 14);
}

TEST(SearchEngineTest, AReplayDecidesTheSame) {
  Farm farm(4);
  ASSERT_THAT(farm.Create(SmallSpec()), IsOk());
  farm.Work();
  const absl::StatusOr<ReplayResult> replay = ReplaySearch(farm.context(), kName);
  ASSERT_THAT(replay, IsOk());
  EXPECT_THAT(replay->differences, IsEmpty());
  EXPECT_GT(replay->decisions, 14);
}

TEST(SearchEngineTest, LimitsThatNothingMeetsNameTheClosest) {
  v1::SearchSpec spec = SmallSpec();
  spec.mutable_limits()->set_sram_bytes(100);
  Farm farm(4);
  ASSERT_THAT(farm.Create(spec), IsOk());
  farm.Work();
  EXPECT_EQ(farm.Get().state(), v1::Search::INFEASIBLE);
  EXPECT_THAT(farm.Get().message(), HasSubstr("B of SRAM (limit 100)"));
}

TEST(SearchEngineTest, ALatencyThatNothingMeetsNamesTheClosestCandidate) {
  v1::SearchSpec spec = SmallSpec();
  spec.mutable_limits()->set_latency_ms(5);
  Farm farm(4);
  ASSERT_THAT(farm.Create(spec), IsOk());
  farm.Work();
  EXPECT_EQ(farm.Get().state(), v1::Search::INFEASIBLE);
  EXPECT_THAT(farm.Get().message(), HasSubstr("none of 14 candidates meets the limits"));
  EXPECT_THAT(farm.Get().message(), HasSubstr(" ms (limit 5) and "));
}

TEST(SearchEngineTest, WhereNothingCanBeScoredTheSearchFailedWithTheReason) {
  for (const double latency_ms : {0.0, 5.0}) {
    v1::SearchSpec spec = SmallSpec();
    spec.mutable_limits()->set_latency_ms(latency_ms);
    Farm farm(4);
    farm.FailScores("the data set is gone");
    ASSERT_THAT(farm.Create(spec), IsOk());
    farm.Work();
    EXPECT_EQ(farm.Get().state(), v1::Search::FAILED);
    EXPECT_THAT(farm.Get().message(), HasSubstr("the data set is gone"));
    EXPECT_THAT(farm.Get().message(), ::testing::Not(HasSubstr("limit")));
  }
}

TEST(SearchEngineTest, ACancelledSearchStaysCancelled) {
  Farm farm(4);
  ASSERT_THAT(farm.Create(SmallSpec()), IsOk());
  farm.Work(/*rounds=*/3);
  EXPECT_THAT(farm.engine().Cancel(kName, "no-such-etag"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(farm.engine().Cancel(kName, ""), IsOk());
  farm.Work(/*rounds=*/10);
  EXPECT_EQ(farm.Get().state(), v1::Search::CANCELLED);
  EXPECT_THAT(farm.engine().Cancel(kName, ""), IsOk());  // Again: as it is.
}

TEST(SearchEngineTest, ConfidentSkipMeasuresWhileItKnowsTooLittle) {
  v1::SearchSpec spec = SmallSpec();
  spec.set_measure(v1::MEASURE_POLICY_CONFIDENT_SKIP);
  Farm farm(4);
  ASSERT_THAT(farm.Create(spec), IsOk());
  farm.Work();
  EXPECT_EQ(farm.Get().state(), v1::Search::SUCCEEDED) << farm.Get().message();
}

TEST(SearchEngineTest, AnUnknownBoardTypeIsRefused) {
  v1::SearchSpec spec = SmallSpec();
  spec.set_board_type("z80");
  Farm farm(4);
  EXPECT_THAT(farm.Create(spec), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace boardloop
