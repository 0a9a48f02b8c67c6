// Rows for tests of the store, and short ways to write and read them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace boardloop {

v1::Search SearchRow(const std::string& name, v1::Search::State state = v1::Search::RUNNING);
// Of `searches/{search}`.
v1::Candidate CandidateRow(const std::string& search, int64_t number,
                           v1::Candidate::State state = v1::Candidate::PENDING);
// A queued task to measure on "virtual-stm32f405".
store::Task TaskRow(const std::string& owner, int32_t priority = 0);
v1::MeasurementJob MeasurementRow(const std::string& name);
store::ArtifactRow Artifact(const std::string& sha256, int64_t size_bytes, int64_t create_time_ms);
// With one use; a sha256 of 64 digits is made of the tag.
store::Token TokenRow(const std::string& tag, int64_t expire_time_ms);
v1::Event EventRow(const std::string& subject, const std::string& text);

// The same task, running.
store::Task Granted(store::Task task, const std::string& holder);

// What `get` answers in a transaction of its own.
template <typename Get>
auto ReadValue(Store& store, const Get& get) {
  using Answer = decltype(get(std::declval<Transaction&>()));
  Answer answer = absl::UnknownError("not run");
  const absl::Status status = store.Read([&](Transaction& tx) {
    answer = get(tx);
    return answer.status();
  });
  return status.ok() ? answer : Answer(status);
}

}  // namespace boardloop
