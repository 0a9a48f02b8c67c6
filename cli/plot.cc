#include "cli/plot.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/process.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

// The first line that says something: gnuplot begins with the script line and a caret.
std::string FirstComplaint(const std::string& complaints) {
  for (const auto& line : absl::StrSplit(complaints, '\n')) {
    if (absl::StrContains(line, "line ")) return std::string(absl::StripAsciiWhitespace(line));
  }
  return std::string(absl::StripAsciiWhitespace(complaints));
}

}  // namespace

std::string GnuplotQuote(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(Printable(text), {{"'", "''"}}), "'");
}

std::string GnuplotTicLabel(const std::string& text) {
  return GnuplotQuote(absl::StrReplaceAll(text, {{"%", "%%"}}));
}

std::string GnuplotPreamble(int32_t width, int32_t height) {
  return absl::StrFormat(
      "set terminal svg size %d,%d dynamic noenhanced background '#ffffff' "
      "font 'Helvetica,13' linewidth 1.2\n"
      "set encoding utf8\n"
      "set style line 100 linecolor rgb '%s' linewidth 1\n"
      "set style line 101 linecolor rgb '%s' linewidth 1\n"
      "set border 3 linestyle 101\n"
      "set tics nomirror out scale 0.5 textcolor rgb '%s'\n"
      "set grid ytics linestyle 100\n"
      "set title font ',16' textcolor rgb '%s'\n",
      width, height, colour::kGrid, colour::kMuted, colour::kInk, colour::kInk);
}

absl::StatusOr<std::string> RenderSvg(const std::string& script) {
  // --default-settings: the user's ~/.gnuplot must not change our pictures.
  absl::StatusOr<ProcessOutput> run =
      RunProcess({"gnuplot", "--default-settings", "-"}, script, {});
  if (absl::IsNotFound(run.status())) {
    return absl::FailedPreconditionError(
        "pictures need gnuplot, which is not installed (Debian and Ubuntu: package gnuplot-nox)");
  }
  if (!run.ok()) return run.status();
  if (run->exit_code != 0 || run->out.empty()) {
    return absl::InternalError(absl::StrFormat("gnuplot ended with exit code %d: %s",
                                               run->exit_code, FirstComplaint(run->err)));
  }
  return std::move(run->out);
}

absl::Status WriteSvg(const std::string& script, const std::string& path) {
  BL_ASSIGN_OR_RETURN(const std::string svg, RenderSvg(script));
  return WriteFileAtomically(path, svg);
}

}  // namespace boardloop
