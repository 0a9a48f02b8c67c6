// The style sheet and the script of report.html: page.css and page.js, compiled in.
#pragma once

namespace boardloop::report {

extern const char kPageStyle[];
extern const char kPageScript[];

}  // namespace boardloop::report
