#include "bench/simulated_agents.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "boardloop/v1/task_service.grpc.pb.h"
#include "core/base/random.h"
#include "core/plan/step_work.h"
#include "glog/logging.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "server/scheduler/scheduler.h"

namespace boardloop {
namespace {

constexpr int kBoards = 2;
constexpr absl::Duration kCall = absl::Seconds(20);
constexpr absl::Duration kAfterFailure = absl::Seconds(1);

struct HeldGrant {
  std::string task;
  int64_t epoch = 0;
};

struct SimulatedBoard {
  v1::BoardReport report;
  std::deque<HeldGrant> tasks;  // The first is being measured.
};

class Simulation;

struct Agent {
  size_t index = 0;  // Of the simulation's agents.
  std::string name, instance;
  std::unique_ptr<v1::TaskService::Stub> stub;
  SimulatedBoard boards[kBoards];
  std::vector<v1::FinishedTask> finished;  // Not acknowledged yet.
  bool calling = false, woken = false;
  absl::Time next_call;

  // Of the call on its way.
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::SynchronizeResponse>> reader;
  v1::SynchronizeRequest request;
  v1::SynchronizeResponse response;
  grpc::Status status;
  absl::Time begin;
};

// One thread: what is due, and what has been answered, in turns.
class Simulation {
 public:
  Simulation(const SimulationOptions& options, const std::vector<v1::Measurement>& answers)
      : options_(options), answers_(answers), random_(options.seed) {}

  SimulationReport Run(const std::function<void()>& window_begins,
                       const std::function<void()>& window_ends);

 private:
  struct Due {
    absl::Time time;
    size_t agent;
    int board;  // Whose measurement has ended; -1: call the coordinator.
    bool operator<(const Due& other) const { return time > other.time; }  // The first on top.
  };

  void MakeAgents();
  void RunUntil(absl::Time end);
  void Call(size_t index);
  void Answered(Agent& agent);
  void Take(size_t index);
  void CountMeasured();
  void BeginNext(size_t index, int board);
  void EndMeasurement(size_t index, int board);
  void CallAt(size_t index, absl::Time time);
  void CallSoon(size_t index);
  bool counting() const { return counting_; }

  const SimulationOptions options_;
  const std::vector<v1::Measurement>& answers_;
  Random random_;
  std::vector<std::unique_ptr<Agent>> agents_;
  std::priority_queue<Due> due_;
  grpc::CompletionQueue queue_;
  int64_t calls_ = 0;  // On their way.
  bool counting_ = false, ending_ = false;
  int busy_boards_ = 0;
  absl::Duration measured_;  // Of all boards together, until `measured_until_`.
  absl::Time measured_until_ = absl::Now();
  SimulationReport report_;
};

void Simulation::MakeAgents() {
  for (int i = 0; i < options_.agents; ++i) {
    auto agent = std::make_unique<Agent>();
    agent->index = static_cast<size_t>(i);
    agent->name = absl::StrCat("members/bench-", i);
    agent->instance = absl::StrCat("instance-", i);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // A connection for each.
    agent->stub = v1::TaskService::NewStub(
        grpc::CreateCustomChannel(options_.address, grpc::InsecureChannelCredentials(), arguments));
    for (int b = 0; b < kBoards; ++b) {
      v1::BoardReport& report = agent->boards[b].report;
      report.set_name(absl::StrCat("boards/bench-", i, "-", b));
      report.set_board_type(options_.board_type);
      report.set_unique_id(absl::StrCat("bench-", i, "-", b));
      report.set_probe("simulated");
      report.set_virtual_(true);
      report.set_build_digest("simulated");
    }
    agents_.push_back(std::move(agent));
    CallAt(static_cast<size_t>(i), absl::Now() + options_.ramp * i / options_.agents);
  }
}

SimulationReport Simulation::Run(const std::function<void()>& window_begins,
                                 const std::function<void()>& window_ends) {
  MakeAgents();
  RunUntil(absl::Now() + options_.ramp + options_.settle);
  window_begins();
  CountMeasured();
  measured_ = absl::ZeroDuration();
  counting_ = true;
  const absl::Time begin = absl::Now();
  RunUntil(begin + options_.window);
  counting_ = false;
  const absl::Time end = absl::Now();
  CountMeasured();
  window_ends();
  report_.seconds = absl::ToDoubleSeconds(end - begin);
  report_.board_share =
      absl::ToDoubleSeconds(measured_) / (report_.seconds * kBoards * options_.agents);
  // What is on its way is still answered.
  ending_ = true;
  RunUntil(absl::InfiniteFuture());
  queue_.Shutdown();
  return report_;
}

void Simulation::RunUntil(absl::Time end) {
  while (absl::Now() < end && (!ending_ || calls_ > 0)) {
    while (!ending_ && !due_.empty() && due_.top().time <= absl::Now()) {
      const Due due = due_.top();
      due_.pop();
      if (due.board >= 0) {
        EndMeasurement(due.agent, due.board);
      } else if (agents_[due.agent]->next_call == due.time) {  // Else it has called meanwhile.
        Call(due.agent);
      }
    }
    absl::Time wait = std::min(end, absl::Now() + absl::Seconds(1));
    if (!ending_ && !due_.empty()) wait = std::min(wait, due_.top().time);
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(wait)) != grpc::CompletionQueue::GOT_EVENT) {
      continue;
    }
    Take(static_cast<const Agent*>(tag)->index);
  }
}

void Simulation::CallAt(size_t index, absl::Time time) {
  agents_[index]->next_call = time;
  due_.push({time, index, -1});
}

// Also while a call is on its way: then after its answer, as cli/client/member_loop.h does.
void Simulation::CallSoon(size_t index) {
  if (agents_[index]->calling) {
    agents_[index]->woken = true;
  } else {
    CallAt(index, absl::Now());
  }
}

void Simulation::Call(size_t index) {
  Agent& agent = *agents_[index];
  v1::SynchronizeRequest& request = agent.request;
  request.Clear();
  request.set_protocol_version(kProtocolVersion);
  request.set_member(agent.name);
  request.set_instance(agent.instance);
  request.set_kind(v1::Member::AGENT);
  request.set_device("2 boards");
  request.set_version("bench");
  request.set_capacity(2 * kBoards);
  for (const SimulatedBoard& board : agent.boards) {
    *request.add_boards() = board.report;
    for (const HeldGrant& grant : board.tasks) {
      v1::HeldTask& held = *request.add_held();
      held.set_task(grant.task);
      held.set_epoch(grant.epoch);
    }
  }
  for (const v1::FinishedTask& finished : agent.finished) *request.add_finished() = finished;
  agent.calling = true;
  agent.woken = false;
  agent.next_call = absl::InfiniteFuture();
  agent.response.Clear();
  agent.context = std::make_unique<grpc::ClientContext>();
  agent.context->set_deadline(absl::ToChronoTime(absl::Now() + kCall));
  agent.begin = absl::Now();
  ++calls_;
  agent.reader = agent.stub->AsyncSynchronize(agent.context.get(), request, &queue_);
  agent.reader->Finish(&agent.response, &agent.status, &agent);
}

void Simulation::Take(size_t index) {
  Agent& agent = *agents_[index];
  --calls_;
  agent.calling = false;
  if (counting()) {
    report_.latencies_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - agent.begin));
    if (!agent.status.ok()) ++report_.failed_calls;
  }
  if (!agent.status.ok()) {
    LOG_FIRST_N(ERROR, 5) << agent.name << ": " << agent.status.error_message();
    CallAt(index, absl::Now() + kAfterFailure);
    return;
  }
  Answered(agent);
  for (int b = 0; b < kBoards; ++b) {
    SimulatedBoard& board = agent.boards[b];
    for (const v1::BoardOrder& order : agent.response.orders()) {
      if (order.board() != board.report.name() || order.check() == board.report.check()) continue;
      board.report.set_check(order.check());
      agent.woken = true;
    }
    const bool idle = board.tasks.empty();
    for (const v1::Grant& grant : agent.response.grants()) {
      if (grant.board() == board.report.name())
        board.tasks.push_back({grant.task(), grant.epoch()});
    }
    if (idle) BeginNext(index, b);
  }
  const absl::Duration pause =
      absl::Milliseconds(agent.response.next_call_ms()) * (0.9 + 0.2 * random_.Unit());
  CallAt(index, agent.woken ? absl::Now() : absl::Now() + pause);
}

// Results that are stored go, and tasks that are not ours any more.
void Simulation::Answered(Agent& agent) {
  const auto listed = [](const auto& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const size_t before = agent.finished.size();
  agent.finished.erase(std::remove_if(agent.finished.begin(), agent.finished.end(),
                                      [&](const v1::FinishedTask& finished) {
                                        return listed(agent.response.acknowledged(),
                                                      finished.task());
                                      }),
                       agent.finished.end());
  const auto acknowledged = static_cast<int64_t>(before - agent.finished.size());
  report_.results_with_ramp += acknowledged;
  if (counting()) report_.results += acknowledged;
  for (const v1::HeldTask& held : agent.request.held()) {
    if (listed(agent.response.keep(), held.task())) continue;
    for (SimulatedBoard& board : agent.boards) {
      const auto lost =
          std::find_if(board.tasks.begin(), board.tasks.end(),
                       [&](const HeldGrant& grant) { return grant.task == held.task(); });
      if (lost == board.tasks.end()) continue;
      board.tasks.erase(lost);
      ++report_.lost_tasks;
    }
  }
}

void Simulation::CountMeasured() {
  const absl::Time now = absl::Now();
  measured_ += busy_boards_ * (now - measured_until_);
  measured_until_ = now;
}

void Simulation::BeginNext(size_t index, int board) {
  if (agents_[index]->boards[board].tasks.empty()) return;
  const absl::Duration measuring = options_.measuring * (0.5 + random_.Unit());
  CountMeasured();
  ++busy_boards_;
  due_.push({absl::Now() + measuring, index, board});
}

void Simulation::EndMeasurement(size_t index, int board) {
  Agent& agent = *agents_[index];
  SimulatedBoard& of = agent.boards[board];
  CountMeasured();
  --busy_boards_;
  if (of.tasks.empty()) return;  // Lost.
  v1::FinishedTask& finished = agent.finished.emplace_back();
  finished.set_task(of.tasks.front().task);
  finished.set_epoch(of.tasks.front().epoch);
  of.tasks.pop_front();
  finished.mutable_result()->set_outcome(v1::TaskResult::DONE);
  v1::Measurement& measurement =
      *finished.mutable_result()->mutable_measure()->mutable_measurement();
  measurement = answers_[random_.Below(answers_.size())];
  measurement.set_board(of.report.name());
  BeginNext(index, board);
  CallSoon(index);
}

}  // namespace

v1::Measurement SimulatedMeasurement(const DrawnNetwork& network, const std::string& board_type) {
  constexpr int kRuns = 3;
  constexpr double kClockHz = 168e6, kCyclesPerMac = 3;
  const int64_t cycles =
      static_cast<int64_t>(kCyclesPerMac * static_cast<double>(network.planned.facts.macs));
  v1::Measurement measurement;
  measurement.set_outcome(v1::Measurement::OK);
  measurement.set_mode(v1::Measurement::RESIDENT);
  measurement.set_board_type(board_type);
  measurement.set_timing(v1::Measurement::MODELLED);
  measurement.set_clock_hz(static_cast<int64_t>(kClockHz));
  for (int i = 0; i < kRuns; ++i) measurement.add_cycles(cycles);
  measurement.set_median_cycles(cycles);
  measurement.set_latency_ms(static_cast<double>(cycles) / kClockHz * 1e3);
  measurement.set_macs(network.planned.facts.macs);
  measurement.set_arena_bytes(network.planned.facts.sram_bytes);
  for (const StepWork& step : WorkOfSteps(network.planned.graph, network.planned.plan)) {
    v1::OperatorMeasurement& row = *measurement.add_operators();
    row.set_name(step.name);
    row.set_operator_(step.op);
    row.set_kernel("bl_simulated_s8_dsp");
    row.set_macs(step.macs);
    row.set_cycles(static_cast<int64_t>(kCyclesPerMac * static_cast<double>(step.macs)));
    row.set_instructions(2 * step.macs);
  }
  for (const char* step : {"generate", "image", "load", "connect", "flash", "run"}) {
    (*measurement.mutable_seconds())[step] = 0.1;
  }
  for (const char* name : {"agent_version", "engine_version", "compiler", "timing_model",
                           "image_sha256", "unique_id", "device_id", "probe"}) {
    (*measurement.mutable_provenance())[name] = "simulated: no board has measured this";
  }
  return measurement;
}

SimulationReport SimulateAgents(const SimulationOptions& options,
                                const std::vector<v1::Measurement>& answers,
                                const std::function<void()>& window_begins,
                                const std::function<void()>& window_ends) {
  return Simulation(options, answers).Run(window_begins, window_ends);
}

}  // namespace boardloop
