#include "firmware/codegen/kernel_catalog.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace boardloop {

const std::vector<KernelObject>& KernelCatalog() {
  static const auto* catalog = [] {
    auto* all = new std::vector<KernelObject>(PortableKernelObjects());
    all->insert(all->end(), DspKernelObjects().begin(), DspKernelObjects().end());
    return all;
  }();
  return *catalog;
}

const std::vector<std::string>& EngineSources() {
  static const auto* sources = new std::vector<std::string>{"firmware/engine/stage.c"};
  return *sources;
}

absl::StatusOr<std::vector<KernelObject>> ObjectsFor(const std::vector<std::string>& kernels) {
  std::set<std::string> missing(kernels.begin(), kernels.end());
  std::vector<KernelObject> objects;
  for (const KernelObject& object : KernelCatalog()) {
    const bool needed = std::any_of(
        object.kernels.begin(), object.kernels.end(),
        [&missing](const std::string& kernel) { return missing.find(kernel) != missing.end(); });
    if (!needed) continue;
    objects.push_back(object);
    for (const std::string& kernel : object.kernels) missing.erase(kernel);
  }
  if (!missing.empty()) {
    return absl::InternalError(
        absl::StrFormat("no object of the engine defines the kernel %s", *missing.begin()));
  }
  return objects;
}

}  // namespace boardloop
