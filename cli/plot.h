// Pictures: gnuplot scripts, and gnuplot itself as a subprocess that turns them into SVG.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {

// The colours of every picture: told apart by people with colour-blind eyes too (after Okabe and
// Ito 2008), readable on white.
namespace colour {
inline constexpr char kInk[] = "#1f2933";
inline constexpr char kGrid[] = "#e3e7eb";
inline constexpr char kMuted[] = "#9aa5b1";
inline constexpr char kBlue[] = "#0072b2";
inline constexpr char kSky[] = "#9fc8e3";
inline constexpr char kOrange[] = "#e69f00";
inline constexpr char kGreen[] = "#009e73";
inline constexpr char kRed[] = "#d1402f";
}  // namespace colour

// `text` as a gnuplot string: in single quotes, where gnuplot substitutes nothing, and printable
// (cli/text.h). Scripts turn enhanced mode off, so that '_' and '{' are shown as they are.
std::string GnuplotQuote(const std::string& text);

// The same for the label of a tic, where gnuplot would read '%' as a number format.
std::string GnuplotTicLabel(const std::string& text);

// What each script begins with: terminal, size in pixels, fonts, borders and grid.
std::string GnuplotPreamble(int32_t width, int32_t height);

// Runs gnuplot on `script` and returns the SVG it writes.
//
// FAILED_PRECONDITION  gnuplot is not installed; the message names the package
// DEADLINE_EXCEEDED    it took too long
// INTERNAL             gnuplot refused the script; the message has its first line of complaint
absl::StatusOr<std::string> RenderSvg(const std::string& script);

// Renders `script` and writes the SVG to the file `path`.
absl::Status WriteSvg(const std::string& script, const std::string& path);

}  // namespace boardloop
