// The sections of report.html that are text and tables, one file each.
#pragma once

#include <string>

#include "server/report/facts.h"

namespace boardloop::report {

// headline.cc: what was found, in a few cards; and every top-1 on the way there, as a table.
std::string Headline(const SearchReport& report, const Facts& facts);
std::string AccuracyTable(const SearchReport& report, const Facts& facts);

// provenance.cc: where every figure comes from.
std::string Provenance(const SearchReport& report, const Facts& facts);

// reproduce.cc: seed and spec, what was delivered, which programs ran, how long it took.
std::string Reproduce(const SearchReport& report);
std::string Delivered(const SearchReport& report);

}  // namespace boardloop::report
