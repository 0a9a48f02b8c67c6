// Where results and messages go: results to standard output, everything else to standard error.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "nlohmann/json_fwd.hpp"

namespace boardloop {

// Opens what is missing of the descriptors 0 to 2, so that no file we open becomes standard output
// by accident, and ignores SIGPIPE and SIGXFSZ, so that a closed pipe and a file at its size limit are errors of
// a write. `program` (static storage) begins the lines of WriteMessage. Called first in main.
void PrepareStandardStreams(const char* program = "boardloop");

// Writes all of `results` to standard output.
//
// UNAVAILABLE         nobody reads (a closed pipe or descriptor)
// RESOURCE_EXHAUSTED  the disk is full
absl::Status WriteResults(const std::string& results);

// Indented, with a newline at the end. Bytes that are not UTF-8 (in names of files) are replaced.
std::string JsonText(const nlohmann::ordered_json& json);

// Writes "<program>: <message>" as one line to standard error; a failure is ignored.
void WriteMessage(const std::string& message);

}  // namespace boardloop
