// result.json: what a search found, for programs. docs/formats/result.md documents every field.
#pragma once

#include <string>

#include "server/report/report.h"

namespace boardloop {

// One object, fields in a fixed order, indented, with a newline at the end. Text that is not UTF-8
// has the offending bytes replaced.
std::string ResultJson(const SearchReport& report);

}  // namespace boardloop
