#include "tests/cli/remote/remote_run.h"

#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace boardloop {

ProgramRun RunRemote(const FakeCoordinator& coordinator, std::vector<std::string> args) {
  args.insert(args.end(), {"--server", coordinator.address()});
  return RunBoardloop(args);
}

ProgramRun RunRemoteInTerminal(const FakeCoordinator& coordinator, std::vector<std::string> args) {
  args.insert(args.end(), {"--server", coordinator.address()});
  return RunBoardloopIn(
      "TERM=xterm NO_COLOR= exec script --quiet --return --command \"$0 $*\" /dev/null", args);
}

v1::Search MakeSearch(const std::string& id, v1::Search::State state) {
  v1::Search search;
  search.set_name("searches/" + id);
  search.set_state(state);
  search.set_stage(state == v1::Search::RUNNING ? v1::Search::EVOLUTION : v1::Search::DONE);
  search.mutable_spec()->set_board_type("virtual-stm32f405");
  search.mutable_create_time()->set_seconds(1700000000);
  return search;
}

v1::Candidate MakeCandidate(const std::string& search, int number, double top1, double latency_ms) {
  v1::Candidate candidate;
  candidate.set_name(absl::StrCat("searches/", search, "/candidates/", number));
  candidate.set_subnet(absl::StrCat("subnet-", number));
  candidate.set_state(v1::Candidate::FEASIBLE);
  candidate.set_top1(top1);
  candidate.set_latency_ms(latency_ms);
  candidate.set_planned_sram_bytes(64 * 1024);
  candidate.set_flash_bytes(200 * 1024);
  candidate.set_macs(2500000);
  candidate.set_params(90000);
  return candidate;
}

v1::Event MakeEvent(int64_t sequence, const std::string& subject, const std::string& kind) {
  v1::Event event;
  event.set_sequence(sequence);
  event.mutable_time()->set_seconds(1700000000 + sequence);
  event.set_subject(subject);
  event.set_kind(kind);
  event.set_text(absl::StrCat("text ", sequence));
  return event;
}

v1::Board MakeBoard(const std::string& id, v1::Board::State state) {
  v1::Board board;
  board.set_name("boards/" + id);
  board.set_board_type("stm32f405");
  board.set_state(state);
  board.set_agent("members/bench-1");
  board.set_etag("7");
  board.set_measurements(12345);
  return board;
}

WatchStep MakeStep(const std::string& id, double fraction) {
  WatchStep step;
  v1::Search& search = *step.response.mutable_search();
  search = MakeSearch(id, v1::Search::RUNNING);
  search.mutable_progress()->set_stage_fraction(fraction);
  search.mutable_progress()->set_generation(static_cast<int32_t>(fraction * 10));
  search.mutable_progress()->set_generations(10);
  return step;
}

WatchStep MakeEnd(const std::string& id, v1::Search::State state) {
  WatchStep step;
  *step.response.mutable_search() = MakeSearch(id, state);
  return step;
}

WatchStep MakeBreak(absl::Status status) {
  WatchStep step;
  step.broken = std::move(status);
  return step;
}

std::vector<nlohmann::json> JsonLines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace boardloop
