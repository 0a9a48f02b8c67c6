// Space files: what parses is valid, survives being written, and its subnets can be built or are
// refused by the graph's limits.
#include <glog/logging.h>
#include <google/protobuf/util/message_differencer.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/graph/build_subnet.h"

using namespace boardloop;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<Space> space = ParseSpace(text, "fuzz");
  if (!space.ok()) {
    CHECK(space.status().message().find('\n') == std::string::npos) << space.status();
    return 0;
  }
  absl::StatusOr<Space> again = ParseSpace(SpaceToJson(*space), "again");
  CHECK(again.ok()) << again.status();
  CHECK(google::protobuf::util::MessageDifferencer::Equals(*space, *again));

  Random random(1);
  Subnet subnet = SampleSubnet(*space, space->width_mults(0), space->resolutions(0), random);
  CHECK(ValidateSubnet(*space, subnet, /*any_gene=*/false).ok());
  absl::StatusOr<Graph> graph = BuildSubnet(*space, subnet);
  if (graph.ok()) CHECK(Validate(*graph).ok());
  return 0;
}
