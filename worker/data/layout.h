// Which layout a data set's folder has, by the names of what lies in it. Reads no sample.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/dataset.pb.h"

namespace boardloop {

// Looks at names only, and at no more of them than it takes to decide.
//
// NOT_FOUND         no such folder, or none of the layouts; the message says what was looked for
// INVALID_ARGUMENT  not a folder
absl::StatusOr<v1::DatasetSpec::Kind> DetectLayout(const std::string& path);

}  // namespace boardloop
