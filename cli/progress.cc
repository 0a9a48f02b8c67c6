#include "cli/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/size.h"

namespace boardloop {
namespace {

constexpr std::chrono::milliseconds kRedraw(100);
constexpr char kEraseLine[] = "\r\x1b[K";

std::string MinutesSeconds(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

}  // namespace

std::string ProgressLine(const std::string& what, int64_t done, int64_t total,
                         std::chrono::duration<double> elapsed) {
  std::string line =
      absl::StrFormat("%s of %s %s", FormatInteger(done), FormatInteger(total), what);
  if (done <= 0 || total < done) return line;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  const double left = elapsed.count() * (1 - share) / share;
  return line +
         absl::StrFormat(" (%d %%), %s left", static_cast<int>(share * 100), MinutesSeconds(left));
}

Progress::Progress(std::string what)
    : what_(std::move(what)),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      next_draw_(start_ + kRedraw) {}

Progress::~Progress() {
  MutexLock lock(mu_);
  if (drawn_) std::fputs(kEraseLine, stderr);
}

void Progress::Update(int64_t done, int64_t total) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  MutexLock lock(mu_);
  if (now < next_draw_) return;
  next_draw_ = now + kRedraw;
  drawn_ = true;
  std::fprintf(stderr, "%s%s", kEraseLine, ProgressLine(what_, done, total, now - start_).c_str());
}

}  // namespace boardloop
