#include "tests/server/report/sample_report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "core/plan/flash_use.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

constexpr double kWidth = 0.5;
constexpr int32_t kResolution = 28;
constexpr int64_t kSramLimit = 56 * 1024;
constexpr int32_t kGenerations = 5;
constexpr int32_t kPopulation = 40;

Space SampleSpace() { return SpacePreset("mbv2-small-image").value(); }

PlanOptions Options() {
  PlanOptions options;
  options.patch = false;
  return options;
}

PlannedNetwork Plan1(const Space& space, const Subnet& subnet) {
  PlannedNetwork network;
  network.graph = BuildSubnet(space, subnet).value();
  network.plan = PlanGraph(network.graph, Options()).value();
  return network;
}

double Noise(Random* random) { return random->Unit() + random->Unit() - 1; }

void FillSpec(const Space& space, v1::SearchSpec* spec) {
  spec->mutable_dataset()->set_kind(v1::DatasetSpec::IDX);
  spec->mutable_dataset()->set_path("fashion-mnist");
  spec->set_board_type("virtual-stm32f405");
  *spec->mutable_space() = space;
  spec->mutable_limits()->set_latency_ms(60);
  spec->mutable_evolution()->set_population(kPopulation);
  spec->mutable_evolution()->set_generations(kGenerations - 1);
  spec->mutable_specialization()->set_board_images(1000);
  spec->set_seed(18446744073709551615U);
}

v1::SpaceResult SpaceOf(double width, int32_t resolution, Random* random) {
  v1::SpaceResult result;
  result.set_width_mult(width);
  result.set_resolution(resolution);
  result.set_sampled(1000);
  // The larger, the more MACs and the fewer survivors.
  const double size = width * width * resolution * resolution;
  const double share = std::clamp(1.25 - size / 420, 0.0, 1.0);
  result.set_survivors(static_cast<int32_t>(1000 * share));
  if (result.survivors() == 0) return result;
  const double mean = size * 26000 * (0.6 + 0.4 * share);
  result.set_mean_macs(mean);
  result.set_mean_macs_ci95(mean * 0.011);
  double macs = mean * 0.45;
  for (int i = 0; i <= 20; ++i) {
    result.add_macs_quantiles(static_cast<int64_t>(macs));
    macs += mean * 0.055 * (0.5 + random->Unit()) * (i < 3 || i > 16 ? 1.6 : 0.8);
  }
  return result;
}

void AddSpaces(const Space& space, v1::Search* search, Random* random) {
  for (const double width : space.width_mults()) {
    for (const int32_t resolution : space.resolutions()) {
      *search->add_spaces() = SpaceOf(width, resolution, random);
    }
  }
  std::vector<v1::SpaceResult*> ranked;
  for (v1::SpaceResult& result : *search->mutable_spaces()) {
    if (result.survivors() >= 50) ranked.push_back(&result);
    // The pair whose networks the sample holds comes first.
    if (result.width_mult() == kWidth && result.resolution() == kResolution) {
      const double scale = 9e6 / result.mean_macs();
      result.set_mean_macs(9e6);
      for (int64_t& macs : *result.mutable_macs_quantiles()) {
        macs = static_cast<int64_t>(static_cast<double>(macs) * scale);
      }
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto* a, const auto* b) { return a->mean_macs() > b->mean_macs(); });
  for (size_t i = 0; i < ranked.size(); ++i) ranked[i]->set_rank(static_cast<int32_t>(i) + 1);
}

double LatencyOf(int64_t macs, Random* random) {
  return static_cast<double>(macs) * 1.45 / 168e6 * 1e3 * (1 + 0.05 * Noise(random));
}

v1::Candidate CandidateOf(const Space& space, const Subnet& subnet, int32_t number,
                          Random* random) {
  const PlannedNetwork network = Plan1(space, subnet);
  const NetworkSize size = Measure(network.graph);
  v1::Candidate candidate;
  candidate.set_name(absl::StrCat("searches/sample/candidates/", number));
  candidate.set_subnet(CanonicalText(subnet));
  candidate.set_generation((number - 1) / kPopulation);
  candidate.set_macs(size.macs);
  candidate.set_params(size.params);
  candidate.set_planned_sram_bytes(network.plan.peak_sram_bytes);
  candidate.set_flash_bytes(FlashAtMost(network.graph));
  candidate.set_graph_digest("90a1b2c3d4e5f60718293a4b5c6d7e8f");
  candidate.set_plan_digest("17263544a1b2c3d490a1b2c3d4e5f607");
  candidate.set_latency_ms(LatencyOf(size.macs, random));
  candidate.set_predicted_latency_ms(candidate.latency_ms() * (1 + 0.03 * Noise(random)));
  candidate.set_top1(0.855 + 0.006 * candidate.generation() +
                     0.012 * std::log(static_cast<double>(size.macs) / 2e6) +
                     0.012 * Noise(random));
  candidate.set_state(v1::Candidate::FEASIBLE);
  return candidate;
}

void Judge(int32_t number, double latency_limit, v1::Candidate* candidate) {
  if (candidate->latency_ms() > latency_limit) {
    candidate->set_state(v1::Candidate::INFEASIBLE);
    candidate->set_reason(absl::StrFormat("latency %.1f ms, limit is %.1f ms",
                                          candidate->latency_ms(), latency_limit));
  } else if (number % 53 == 0) {
    candidate->set_state(v1::Candidate::FAILED);
    candidate->set_reason("no answer after 3 attempts");
    candidate->clear_top1();
    candidate->clear_latency_ms();
  } else if (number % 9 == 0) {
    candidate->clear_latency_ms();  // The policy was sure.
  }
}

void AddCandidates(const Space& space, SearchReport* report, Random* random) {
  Subnet parent = SampleSubnet(space, kWidth, kResolution, *random);
  for (int32_t number = 1; number <= kGenerations * kPopulation; ++number) {
    const bool first = number <= kPopulation;
    const Subnet subnet = first ? SampleSubnet(space, kWidth, kResolution, *random)
                                : MutateSubnet(space, parent, 0.3, *random);
    report->candidates.push_back(CandidateOf(space, subnet, number, random));
    if (number == kPopulation) parent = subnet;
  }
  std::vector<double> latencies;
  for (const v1::Candidate& candidate : report->candidates) {
    latencies.push_back(candidate.latency_ms());
  }
  std::sort(latencies.begin(), latencies.end());
  const double limit = std::round(latencies[latencies.size() * 8 / 10]);
  report->search.mutable_limits()->set_latency_ms(limit);
  for (size_t i = 0; i < report->candidates.size(); ++i) {
    Judge(static_cast<int32_t>(i) + 1, limit, &report->candidates[i]);
  }
}

const v1::Candidate& Best(const std::vector<v1::Candidate>& candidates) {
  const v1::Candidate* best = nullptr;
  for (const v1::Candidate& candidate : candidates) {
    if (candidate.state() != v1::Candidate::FEASIBLE || !candidate.has_latency_ms()) continue;
    if (best == nullptr || candidate.top1() > best->top1()) best = &candidate;
  }
  return *best;
}

v1::Measurement MeasurementOf(const v1::Candidate& candidate, const PlannedNetwork& network,
                              v1::Measurement::Mode mode) {
  v1::Measurement measurement;
  measurement.set_outcome(v1::Measurement::OK);
  measurement.set_mode(mode);
  measurement.set_board("boards/virtual-7");
  measurement.set_board_type("virtual-stm32f405");
  measurement.set_timing(v1::Measurement::MODELLED);
  measurement.set_clock_hz(168000000);
  int64_t total = 0;
  for (const Step& step : network.plan.steps) {
    v1::OperatorMeasurement* one = measurement.add_operators();
    const Op& op = network.graph.ops[step.ops[0]];
    one->set_name(step.name);
    one->set_operator_(OpKindName(op.kind));
    one->set_macs(Macs(network.graph, op));
    const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
    one->set_kernel(depthwise ? "bl_dwconv_k5s1_s8" : "bl_pointwise_4x2_s8");
    one->set_cycles(1200 + one->macs() * (depthwise ? 17 : 12) / 10);
    one->set_instructions(one->cycles() * 8 / 10);
    total += one->cycles();
  }
  measurement.set_macs(candidate.macs());
  for (int i = 0; i < 5; ++i) measurement.add_cycles(total);
  measurement.set_median_cycles(total);
  measurement.set_latency_ms(static_cast<double>(total) / 168e3);
  measurement.set_arena_bytes(network.plan.arena_bytes);
  measurement.set_scratch_bytes(network.plan.scratch_bytes);
  measurement.set_stack_bytes(1184);
  measurement.set_weights_bytes(candidate.flash_bytes() * 9 / 10);
  measurement.set_constants_bytes(candidate.flash_bytes() / 10);
  (*measurement.mutable_provenance())["timing_model"] = "cortex-m4-trm 1";
  (*measurement.mutable_provenance())["agent_version"] = "0.1.0";
  (*measurement.mutable_provenance())["compiler"] = "arm-none-eabi-gcc 12.2.1";
  (*measurement.mutable_provenance())["image_sha256"] =
      "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  return measurement;
}

void Verify(SearchReport* report) {
  const v1::Candidate& winner = Best(report->candidates);
  report->search.set_winner(winner.name());
  report->network =
      Plan1(report->search.spec().space(), ParseCanonicalText(winner.subnet()).value());
  report->resident = MeasurementOf(winner, *report->network, v1::Measurement::RESIDENT);
  report->image = MeasurementOf(winner, *report->network, v1::Measurement::IMAGE);
  report->image->set_latency_ms(report->resident->latency_ms() * 1.004);
  report->image->set_data_bytes(2712);
  report->image->set_code_bytes(38212);
  report->image->set_exact(true);
  report->image->set_inputs(1001);
  report->image->set_samples(1000);
  report->image->set_correct(911);
  report->image->set_outputs_sha256(
      "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
  v1::SpecializeOutput output;
  output.set_model_blm(
      "artifacts/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  output.set_val_top1_inherited(winner.top1());
  output.set_val_top1_fp32(0.9243);
  output.set_val_top1_int8(0.9231);
  output.set_test_top1_fp32(0.9187);
  output.set_test_top1_int8(0.9174);
  output.set_test_images(10000);
  output.set_qat(true);
  for (const char* name : {"boot", "sandal", "shirt"}) output.add_classes(name);
  report->specialized = output;
}

void AddPredictor(SearchReport* report) {
  PredictorStatistics predictor;
  predictor.measurements = 512;
  predictor.error_percent = 1.74;
  for (const v1::Candidate& candidate : report->candidates) {
    if (!candidate.has_latency_ms()) continue;
    predictor.pairs.push_back(
        {candidate.name(), candidate.predicted_latency_ms(), candidate.latency_ms()});
  }
  report->predictor = predictor;
}

void AddLimitShares(SearchReport* report) {
  v1::LimitShares& shares = report->limit_shares.emplace();
  shares.set_width_mult(report->search.width_mult());
  shares.set_resolution(report->search.resolution());
  shares.set_sampled(1000);
  shares.set_over_sram(685);
  shares.set_over_flash(564);
  shares.set_over_latency(603);
  shares.set_over_any(901);
  shares.set_measured_networks(512);
}

void AddDeliverables(v1::Search* search) {
  int64_t bytes = 1234567;
  for (const char* name : {"model.tflite", "model.onnx", "library.zip", "firmware.elf"}) {
    v1::Deliverable* file = search->add_deliverables();
    file->set_file_name(name);
    file->set_artifact(
        "artifacts/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    file->set_size_bytes(bytes);
    bytes /= 2;
  }
}

}  // namespace

SearchReport SampleReport() {
  Random random(7);
  SearchReport report;
  const Space space = SampleSpace();
  v1::Search& search = report.search;
  search.set_name("searches/sample");
  search.set_display_name("Clothes on a virtual STM32F405");
  search.set_state(v1::Search::SUCCEEDED);
  search.set_stage(v1::Search::DONE);
  search.mutable_create_time()->set_seconds(1767225600);
  search.mutable_end_time()->set_seconds(1767240000);
  FillSpec(space, search.mutable_spec());
  search.set_width_mult(kWidth);
  search.set_resolution(kResolution);
  search.mutable_limits()->set_sram_bytes(kSramLimit);
  search.mutable_limits()->set_flash_bytes(960 * 1024);
  search.set_supernet("artifacts/5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8");
  AddSpaces(space, &search, &random);
  AddCandidates(space, &report, &random);
  Verify(&report);
  AddPredictor(&report);
  AddLimitShares(&report);
  AddDeliverables(&search);
  report.board = LoadBoardType("virtual-stm32f405").value();
  report.versions = {{"coordinator", "0.1.0"}, {"worker", "0.1.0"}, {"agent", "0.1.0"}};
  report.seconds = {{"SPACE_OPTIMIZATION", 41.3},
                    {"SUPERNET", 9120},
                    {"EVOLUTION", 4310.5},
                    {"SPECIALIZATION", 905},
                    {"DELIVERY", 12.25}};
  report.provenance = {{"predictor", "least squares over operators 1"}};
  return report;
}

SearchReport EmptyReport() {
  SearchReport report;
  report.search.set_name("searches/nothing");
  report.search.set_state(v1::Search::INFEASIBLE);
  report.search.set_message("nothing fits: the closest network needs 70,000 B of SRAM");
  report.board = LoadBoardType("virtual-stm32f405").value();
  return report;
}

SearchReport HostileReport() {
  SearchReport report = SampleReport();
  const std::string hostile = kHostile;
  report.search.set_display_name(hostile);
  report.search.set_message(hostile);
  report.search.mutable_spec()->mutable_dataset()->set_path(hostile);
  report.search.mutable_spec()->mutable_space()->set_name(hostile);
  report.board.name = hostile;
  report.board.mcu = hostile;
  for (v1::Candidate& candidate : report.candidates) {
    if (candidate.name() == report.search.winner())
      report.search.set_winner(candidate.name() + hostile);
    candidate.set_name(candidate.name() + hostile);
    candidate.set_subnet(hostile);
    candidate.set_reason(hostile);
  }
  for (LatencyPair& pair : report.predictor->pairs) pair.candidate += hostile;
  for (Step& step : report.network->plan.steps) step.name = hostile;
  for (v1::OperatorMeasurement& one : *report.image->mutable_operators()) {
    one.set_name(hostile);
    one.set_kernel(hostile);
    one.set_operator_(hostile);
  }
  (*report.image->mutable_provenance())[hostile] = hostile;
  report.image->set_board(hostile);
  report.provenance[hostile] = hostile;
  report.versions["coordinator"] = hostile;
  report.seconds.push_back({hostile, 1});
  report.search.mutable_deliverables(0)->set_file_name(hostile);
  return report;
}

}  // namespace boardloop
