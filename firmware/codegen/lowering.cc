#include "firmware/codegen/lowering.h"

#include <utility>

#include "core/base/status.h"

namespace boardloop {

absl::StatusOr<std::vector<LoweredCall>> LowerStep(const Model& model, const Step& step,
                                                   KernelSet kernels) {
  if (kernels == KernelSet::kDsp) {
    BL_ASSIGN_OR_RETURN(std::vector<LoweredCall> calls, LowerDsp(model, step));
    if (!calls.empty()) return calls;
  }
  return LowerPortable(model, step);
}

}  // namespace boardloop
