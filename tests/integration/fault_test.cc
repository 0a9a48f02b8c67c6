// Searches on a farm of real programs: twice with one seed, and while its programs are killed one after the other.
//
// BL_FAULT_KILLS and BL_FAULT_SEED say how many kills there are and which moments they come at.
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
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
constexpr absl::Duration kLook = absl::Milliseconds(20), kAsk = absl::Milliseconds(200);
// Of one search without kills, and more for each kill: a hung farm fails the test instead of stopping it.
constexpr absl::Duration kPatience = absl::Minutes(5), kPatiencePerKill = absl::Seconds(30);
// Of the time that an unbroken search takes, the part in which all kills are meant to fall. Each kill makes the search longer.
constexpr double kKillSpan = 0.6;
constexpr absl::Duration kLongestPause = absl::Milliseconds(1500);

int64_t Setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  int64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// Kills every victim in turn, the next one a random while after the one before.
class Killer {
 public:
  Killer(int64_t kills, uint64_t seed, absl::Duration mean_gap)
      : kills_(kills), random_(seed), mean_gap_(mean_gap), next_(absl::Now() + Gap()) {}

  void Look(LocalFarm& farm) {
    if (done_ == kills_ || absl::Now() < next_) return;
    const Victim victim = kVictims[done_ % std::size(kVictims)];
    const pid_t pid = farm.Find(victim);
    if (pid <= 0) {
      missed_ = true;
      return;
    }
    // The moment was chosen for a process that was there: the one that takes its place is not always killed as it starts.
    if (missed_) {
      missed_ = false;
      next_ = absl::Now() + Gap();
      return;
    }
    farm.Kill(victim, pid, kLongestPause * random_.Unit());
    ++done_;
    std::printf("%5.1f s: killed %s\n", absl::ToDoubleSeconds(absl::Now() - begin_),
                VictimName(victim).c_str());
    next_ = absl::Now() + Gap();
  }
  int64_t done() const { return done_; }

 private:
  absl::Duration Gap() { return 2 * mean_gap_ * random_.Unit(); }

  const int64_t kills_;
  Random random_;
  const absl::Duration mean_gap_;
  const absl::Time begin_ = absl::Now();
  int64_t done_ = 0;
  bool missed_ = false;
  absl::Time next_;
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
    spec.mutable_supernet_training()->set_peak_rate(0.003);
    spec.mutable_supernet_training()->set_epochs(20);
    spec.mutable_scoring()->set_calibration_images(128);
    v1::EvolutionSpec& evolution = *spec.mutable_evolution();
    evolution.set_population(8);
    evolution.set_parents(4);
    evolution.set_crossovers(3);
    evolution.set_mutations(3);
    evolution.set_generations(generations_);
    v1::SpecializationSpec& specialization = *spec.mutable_specialization();
    specialization.set_finalists(2);
    specialization.set_epochs(2);
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
      if (killer != nullptr) killer->Look(farm);
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
    if (!outcome.ok()) ADD_FAILURE() << name << ": " << outcome.status() << "\n" << farm.Logs();
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
      static_cast<int32_t>(std::max<int64_t>(3, kills / 2));  // So that there is time for them.
  const absl::Time begin = absl::Now();
  const absl::StatusOr<SearchOutcome> unbroken = Run("unbroken", nullptr, kPatience);
  ASSERT_TRUE(unbroken.ok());
  const absl::Duration took = absl::Now() - begin;

  Killer killer(kills, seed, kKillSpan * took / std::max<int64_t>(kills, 1));
  const absl::Time again = absl::Now();
  const absl::StatusOr<SearchOutcome> killed =
      Run("killed", &killer, kPatience + kills * kPatiencePerKill);
  ASSERT_TRUE(killed.ok());
  std::printf("%d candidates; unbroken %.0f s, with %d kills (seed %d) %.0f s\n",
              static_cast<int>(unbroken->candidates.size()), absl::ToDoubleSeconds(took),
              static_cast<int>(killer.done()), static_cast<int>(seed),
              absl::ToDoubleSeconds(absl::Now() - again));
  EXPECT_EQ(killer.done(), kills) << "the search ended before";
  EXPECT_EQ(Difference(*unbroken, *killed), "");
  ExpectHistoryHolds("unbroken");
  ExpectHistoryHolds("killed");
}

}  // namespace
}  // namespace boardloop
