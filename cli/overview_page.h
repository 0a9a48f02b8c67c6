// The overview as one HTML file that needs nothing else: pictures inline, styles inside.
#pragma once

#include <string>
#include <vector>

#include "cli/overview.h"

namespace boardloop {

struct PageSection {
  OverviewSection section;
  std::string svg;  // As gnuplot wrote it.
};

std::string OverviewPage(const BoardType& board, const std::vector<PageSection>& sections);

// An SVG document as an element of an HTML page: without the XML prolog, and with `prefix` before
// each id, because the pictures of one page all come with the ids that gnuplot gives.
std::string InlineSvg(const std::string& svg, const std::string& prefix);

}  // namespace boardloop
