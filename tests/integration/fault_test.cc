// Searches on a farm of real programs: twice with one seed, and while its programs are killed one after the other.
//
// BL_FAULT_KILLS and BL_FAULT_SEED say how many kills there are and which moments they come at.
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "core/base/process.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/local_farm.h"
#include "tests/integration/search_outcome.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/service/task_world.h"

namespace boardloop {
namespace {

constexpr char kSearch[] = "run";
constexpr absl::Duration kCall = absl::Seconds(2);
constexpr absl::Duration kLook = absl::Milliseconds(20), kAsk = absl::Milliseconds(100);
// Of one search without kills, and more for each kill: a hung farm fails the test instead of stopping it.
constexpr absl::Duration kPatience = absl::Minutes(5), kPatiencePerKill = absl::Seconds(30);
// From a kill's moment to the kill, and from the end of a program to its next start.
constexpr absl::Duration kLongestPause = absl::Milliseconds(1500);

int64_t Setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  int64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// How far a search is, in [0, 1], for choosing moments: evolution takes most of the time, and has most of them.
double ProgressOf(const v1::Search& search, size_t candidates) {
  const v1::SearchProgress& progress = search.progress();
  const auto answers =
      static_cast<double>(progress.candidates_scored() + progress.candidates_measured());
  switch (search.stage()) {
    case v1::Search::SUPERNET:
      return 0.15 * progress.stage_fraction();
    case v1::Search::EVOLUTION:
      return 0.15 + 0.75 * answers / (2 * static_cast<double>(candidates));
    case v1::Search::SPECIALIZATION:
    case v1::Search::DELIVERY:
      return 1;
    default:
      return 0;
  }
}

// Kills every victim in turn, at random moments of a search.
class Killer {
 public:
  // candidates  that the search will have
  Killer(int64_t kills, uint64_t seed, size_t candidates) : random_(seed), candidates_(candidates) {
    for (int64_t i = 0; i < kills; ++i) moments_.push_back(random_.Unit());
    std::sort(moments_.begin(), moments_.end());
  }

  absl::Status Look(LocalFarm& farm, const v1::Search& search) {
    if (done_ == moments_.size() || ProgressOf(search, candidates_) < moments_[done_]) {
      return absl::OkStatus();
    }
    const Victim victim = kVictims[done_ % std::size(kVictims)];
    const pid_t pid = farm.Find(victim);
    if (pid <= 0) due_.reset();  // Is not killed as it starts, but a random while later.
    if (pid > 0 && !due_.has_value()) due_ = absl::Now() + kLongestPause * random_.Unit();
    if (pid <= 0 || absl::Now() < *due_) return absl::OkStatus();
    due_.reset();
    ++done_;
    std::printf("%6.1f s: killed %s, in %s, %d of %d candidates measured\n",
                absl::ToDoubleSeconds(absl::Now() - begin_), VictimName(victim).c_str(),
                v1::Search::Stage_Name(search.stage()).c_str(),
                static_cast<int>(search.progress().candidates_measured()),
                static_cast<int>(candidates_));
    return farm.Kill(victim, pid, kLongestPause * random_.Unit());
  }
  size_t done() const { return done_; }

 private:
  Random random_;
  const size_t candidates_;
  const absl::Time begin_ = absl::Now();
  std::vector<double> moments_;  // As of ProgressOf.
  size_t done_ = 0;
  std::optional<absl::Time> due_;  // When the next kill's moment has come.
};

class FaultTest : public testing::Test {
 protected:
  FaultTest() {
    signal(SIGPIPE, SIG_IGN);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // The kills are to be seen when they happen.
  }

  v1::SearchSpec Spec() const {
    const v1::TrainTask train = world_.Train();
    v1::SearchSpec spec;
    *spec.mutable_dataset() = train.dataset();
    spec.mutable_dataset()->set_kind(v1::DatasetSpec::IDX);
    spec.set_board_type(kFarmBoardType);
    *spec.mutable_space() = train.supernet().space();
    spec.mutable_limits()->set_latency_ms(2.0);
    spec.set_objective(v1::OBJECTIVE_PARETO);
    spec.set_measure(v1::MEASURE_POLICY_ALL);
    spec.mutable_space_optimization()->set_samples(50);
    *spec.mutable_supernet_training() = train.training();
    // Slow and short of the end, so that accuracies differ.
    spec.mutable_supernet_training()->set_peak_rate(0.0015);
    spec.mutable_supernet_training()->set_epochs(40);
    spec.mutable_scoring()->set_calibration_images(128);
    v1::EvolutionSpec& evolution = *spec.mutable_evolution();
    evolution.set_population(8);
    evolution.set_parents(4);
    evolution.set_crossovers(6);
    evolution.set_mutations(6);
    evolution.set_generations(generations_);
    v1::SpecializationSpec& specialization = *spec.mutable_specialization();
    specialization.set_finalists(2);
    specialization.set_epochs(100);  // Long enough to be killed in.
    specialization.set_board_images(20);
    spec.set_seed(11);
    return spec;
  }

  absl::Status Submit(LocalFarm& farm) const {
    v1::CreateSearchRequest request;
    *request.mutable_search()->mutable_spec() = Spec();
    request.set_search_id(kSearch);
    grpc::ClientContext context;
    SetDeadline(context, absl::Seconds(20));
    v1::Search search;
    return FromGrpc(farm.searches().CreateSearch(&context, request, &search), "the coordinator");
  }

  // The search when it has ended; the farm is looked after meanwhile.
  absl::StatusOr<v1::Search> AwaitEnd(LocalFarm& farm, Killer* killer,
                                      absl::Duration patience) const {
    const absl::Time end = absl::Now() + patience;
    absl::Time ask = absl::InfinitePast();
    v1::Search search;
    while (absl::Now() < end) {
      BL_RETURN_IF_ERROR(farm.KeepRunning());
      if (killer != nullptr) BL_RETURN_IF_ERROR(killer->Look(farm, search));
      if (absl::Now() >= ask) {
        v1::GetSearchRequest request;
        request.set_name(absl::StrCat("searches/", kSearch));
        grpc::ClientContext context;
        SetDeadline(context, kCall);
        const absl::Status asked =
            FromGrpc(farm.searches().GetSearch(&context, request, &search), "the coordinator");
        if (asked.ok() && search.state() != v1::Search::RUNNING) return search;
        ask = absl::Now() + kAsk;
      }
      absl::SleepFor(kLook);
    }
    return absl::DeadlineExceededError(
        absl::StrCat("it does not end: ", search.ShortDebugString()));
  }

  // Runs the search on a new farm in the folder `name`. The farm has ended when it returns.
  absl::StatusOr<SearchOutcome> Run(const std::string& name, Killer* killer,
                                    absl::Duration patience) {
    LocalFarm farm(world_.At(name), world_.At("cache"));
    absl::StatusOr<SearchOutcome> outcome = RunOn(farm, killer, patience);
    if (!outcome.ok()) ADD_FAILURE() << name << ": " << outcome.status();
    if (!outcome.ok() || killer != nullptr) std::printf("%s\n", farm.Logs().c_str());
    return outcome;
  }
  absl::StatusOr<SearchOutcome> RunOn(LocalFarm& farm, Killer* killer,
                                      absl::Duration patience) const {
    BL_RETURN_IF_ERROR(farm.Start());
    BL_RETURN_IF_ERROR(Submit(farm));
    BL_ASSIGN_OR_RETURN(const v1::Search search, AwaitEnd(farm, killer, patience));
    BL_RETURN_IF_ERROR(AwaitRestarts(farm));
    if (search.state() != v1::Search::SUCCEEDED)
      return absl::InternalError(search.ShortDebugString());
    BL_ASSIGN_OR_RETURN(SearchOutcome outcome, ReadOutcome(farm.searches(), search));
    BL_RETURN_IF_ERROR(farm.Stop());
    return outcome;
  }
  // What was killed last may not run again yet.
  static absl::Status AwaitRestarts(LocalFarm& farm) {
    for (const Victim victim : {Victim::kServer, Victim::kWorker, Victim::kAgent}) {
      while (farm.Find(victim) <= 0) {
        BL_RETURN_IF_ERROR(farm.KeepRunning());
        absl::SleepFor(kLook);
      }
    }
    return absl::OkStatus();
  }

  // `boardloop-server COMMAND` on the store of a farm that has ended.
  void ExpectFindsNothing(const std::string& name, const std::vector<std::string>& command) const {
    std::vector<std::string> argv = {BOARDLOOP_SERVER};
    argv.insert(argv.end(), command.begin(), command.end());
    argv.insert(argv.end(), {"--state", world_.At(name) + "/server"});
    const absl::StatusOr<ProcessOutput> output = RunProcess(argv, "", ProcessLimits());
    ASSERT_THAT(output, IsOk());
    EXPECT_EQ(output->exit_code, 0)
        << name << ", " << command[0] << ": " << output->out << output->err;
  }
  void ExpectHistoryHolds(const std::string& name) const {
    ExpectFindsNothing(name, {"check"});
    ExpectFindsNothing(name, {"replay", kSearch});
  }

  TaskWorld world_;
  int32_t generations_ = 3;
};

TEST_F(FaultTest, TwiceWithOneSeedIsOneSearch) {
  const absl::StatusOr<SearchOutcome> one = Run("one", nullptr, kPatience);
  const absl::StatusOr<SearchOutcome> two = Run("two", nullptr, kPatience);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(Difference(*one, *two), "");
  EXPECT_GT(one->front.size(), 1u);
  ExpectHistoryHolds("one");
  ExpectHistoryHolds("two");
}

TEST_F(FaultTest, KillsChangeNothing) {
  const int64_t kills = Setting("BL_FAULT_KILLS", 6);
  const auto seed = static_cast<uint64_t>(Setting("BL_FAULT_SEED", 1));
  generations_ =
      static_cast<int32_t>(std::max<int64_t>(3, 2 * kills));  // So that there is time for them.
  const absl::Time begin = absl::Now();
  const absl::StatusOr<SearchOutcome> unbroken = Run("unbroken", nullptr, kPatience);
  ASSERT_TRUE(unbroken.ok());
  const absl::Duration took = absl::Now() - begin;

  Killer killer(kills, seed, unbroken->candidates.size());
  const absl::Time again = absl::Now();
  const absl::StatusOr<SearchOutcome> killed =
      Run("killed", &killer, kPatience + kills * kPatiencePerKill);
  ASSERT_TRUE(killed.ok());
  std::printf("%d candidates; unbroken %.0f s, with %d kills (seed %d) %.0f s\n",
              static_cast<int>(unbroken->candidates.size()), absl::ToDoubleSeconds(took),
              static_cast<int>(killer.done()), static_cast<int>(seed),
              absl::ToDoubleSeconds(absl::Now() - again));
  EXPECT_EQ(killer.done(), static_cast<size_t>(kills)) << "the search ended before";
  EXPECT_EQ(Difference(*unbroken, *killed), "");
  ExpectHistoryHolds("unbroken");
  ExpectHistoryHolds("killed");
}

}  // namespace
}  // namespace boardloop
