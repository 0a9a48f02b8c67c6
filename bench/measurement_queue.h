// Measurements that wait: written into a coordinator's store before it starts, as searches in their first generation
// have them there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"
#include "core/plan/network_facts.h"
#include "core/space/subnet.h"

namespace boardloop {

struct DrawnNetwork {
  Subnet subnet;
  PlannedNetwork planned;
};

// A running search of the quick preset on `board_type`, limits filled in.
absl::StatusOr<v1::Search> BenchSearch(const std::string& name, const std::string& board_type);

// Different random subnets of the search's space that fit as planned.
//
// RESOURCE_EXHAUSTED  there are too few
absl::StatusOr<std::vector<DrawnNetwork>> DrawNetworks(const v1::Search& search, int count,
                                                       uint64_t seed);

// Makes the database at `path`: `count` candidates, dealt to `searches` searches, each with a MEASURE task, and with a SCORE task that
// no worker will take, so that no generation ends. There may be fewer networks than candidates: they come again, under other digests.
//
// Errors are those of SqliteStore.
absl::Status FillQueue(const std::string& path, const std::string& board_type,
                       const std::vector<DrawnNetwork>& networks, int count, int searches);

}  // namespace boardloop
