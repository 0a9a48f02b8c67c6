// report.html: what a search found, for people. One file that needs no other and no network.
//
// Invariants (the tests check them on hostile input):
//   (1) Nothing is loaded from anywhere. The page says so itself (Content-Security-Policy), and allows
//       its own script by digest: text of others could not run even if it were not escaped.
//   (2) Every text is escaped; the markup is well-formed XML behind the doctype.
//   (3) A figure that is not known is said to be so; none is shown as 0.
#pragma once

#include <string>

#include "server/report/report.h"

namespace boardloop {

std::string ReportHtml(const SearchReport& input);

}  // namespace boardloop
