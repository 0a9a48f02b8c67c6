// The tasks that a search asks for.
#pragma once

#include <string>

#include "boardloop/v1/search.pb.h"
#include "server/store/rows.pb.h"

namespace boardloop {

store::Task ScoreTaskOf(const v1::Search& search, const v1::Candidate& candidate);
// Resident: latency and memory, with random weights.
store::Task MeasureTaskOf(const v1::Search& search, const v1::Candidate& candidate);
store::Task SpecializeTaskOf(const v1::Search& search, const v1::Candidate& candidate);
// As an image with the model's own weights, its outputs compared and its top-1 counted.
store::Task VerifyTaskOf(const v1::Search& search, const v1::Candidate& candidate,
                         const v1::SpecializeOutput& specialized);

bool IsVerification(const store::Task& task);

}  // namespace boardloop
