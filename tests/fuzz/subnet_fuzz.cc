// Subnet files and canonical texts: what parses survives being written, and can be built in the
// space it names or is refused with a reason.
#include <glog/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/graph/build_subnet.h"

using namespace boardloop;  // NOLINT(google-build-using-namespace)

namespace {

void Check(const Subnet& subnet) {
  std::string text = CanonicalText(subnet);
  absl::StatusOr<Subnet> from_text = ParseCanonicalText(text);
  CHECK(from_text.ok()) << from_text.status();
  CHECK(HashSubnet(*from_text) == HashSubnet(subnet)) << text;
  absl::StatusOr<Subnet> from_json = ParseSubnet(SubnetToJson(subnet), "again");
  CHECK(from_json.ok()) << from_json.status();
  CHECK_EQ(CanonicalText(*from_json), text);

  absl::StatusOr<Space> space = SpacePreset(subnet.space);
  if (!space.ok() || !ValidateSubnet(*space, subnet, /*any_gene=*/true).ok()) return;
  absl::StatusOr<Graph> graph = BuildSubnet(*space, subnet);
  if (graph.ok()) CHECK(Validate(*graph).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  for (const absl::StatusOr<Subnet>& subnet :
       {ParseSubnet(text, "fuzz"), ParseCanonicalText(text)}) {
    if (subnet.ok()) Check(*subnet);
    CHECK(subnet.status().message().find('\n') == std::string::npos) << subnet.status();
  }
  return 0;
}
