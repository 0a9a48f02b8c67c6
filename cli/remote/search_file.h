// Search files: what `boardloop submit` reads (docs/formats/search-file.md).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"

namespace boardloop {

// Reads a YAML or JSON file with the fields of a v1::SearchSpec, a `display_name`, and a `preset` that they are laid
// over; `preset`, unless empty, is used in its place. With `supernet`, or a `supernet_artifact` of its own, nothing is taken
// of what the preset would train (DropTraining). A relative path of a data set is one beside the file. Only `display_name`
// and `spec` of the result are set.
//
// NOT_FOUND         no such file or preset
// INVALID_ARGUMENT  "file:line: field problem"
absl::StatusOr<v1::Search> ReadSearchFile(const std::string& path, const std::string& preset,
                                          bool supernet);

// The same from text; `source` names it in messages.
absl::StatusOr<v1::Search> ParseSearchFile(const std::string& text, const std::string& source,
                                           const std::string& preset, bool supernet);

}  // namespace boardloop
