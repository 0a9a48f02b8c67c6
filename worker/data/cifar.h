// CIFAR-10 and CIFAR-100 in their binary version: records of labels and a planar 32x32 RGB image.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "worker/data/dataset.h"

namespace boardloop {

inline constexpr int32_t kCifarExtent = 32;

// Appends the records of one file to `dataset`, whose shape and classes are set. CIFAR-100 records have two
// labels, the coarse one first; the fine one counts.
//
// INVALID_ARGUMENT  a size that is no multiple of a record, a label out of range
absl::Status AppendCifar(const std::string& bytes, bool cifar100, const std::string& source,
                         Dataset& dataset);

}  // namespace boardloop
