// Runs `boardloop` against a fake coordinator, and makes what the coordinator knows.
#pragma once

#include <string>
#include <vector>

#include "tests/cli/run_program.h"
#include "tests/support/fake_coordinator.h"

namespace boardloop {

// `boardloop args... --server ADDRESS`.
ProgramRun RunRemote(const FakeCoordinator& coordinator, std::vector<std::string> args);

// The same in a pseudo terminal of 80 x 24; `out` has the bytes that reach it.
ProgramRun RunRemoteInTerminal(const FakeCoordinator& coordinator, std::vector<std::string> args);

v1::Search MakeSearch(const std::string& id, v1::Search::State state);
// Feasible, with top-1 and latency.
v1::Candidate MakeCandidate(const std::string& search, int number, double top1, double latency_ms);
v1::Event MakeEvent(int64_t sequence, const std::string& subject, const std::string& kind);
v1::Board MakeBoard(const std::string& id, v1::Board::State state);
// An update of a search in EVOLUTION, `fraction` done.
WatchStep MakeStep(const std::string& id, double fraction);
WatchStep MakeEnd(const std::string& id, v1::Search::State state);
WatchStep MakeBreak(absl::Status status);

// The lines of JSON that a stream printed.
std::vector<nlohmann::json> JsonLines(const std::string& text);

}  // namespace boardloop
