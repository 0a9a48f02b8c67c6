// boardloop overview: the MCUNet story for one board, as pictures, a page and tables.

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/overview.h"
#include "cli/overview_page.h"
#include "cli/plot.h"
#include "cli/progress.h"
#include "core/base/files.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

struct OverviewFlags {
  std::string board = "stm32f746";
  std::string out;
  OverviewOptions options;
};

constexpr char kHelp[] = "Draws which networks fit a board and which search space is best for it";

constexpr char kNotes[] =
    R"(Writes SVG files and one HTML page (index.html) to DIR, and prints the same figures as tables.

Examples:
  boardloop overview --out out/overview
  boardloop overview --board stm32h743 --samples 300 --out out/h743
)";

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make folder ", path));
}

absl::StatusOr<ExitCode> RunOverview(const OverviewFlags& flags) {
  BL_ASSIGN_OR_RETURN(const BoardType board, LoadBoardType(flags.board));
  BL_RETURN_IF_ERROR(MakeFolder(flags.out));
  OverviewOptions options = flags.options;
  std::vector<OverviewSection> sections;
  {
    Progress progress("networks");
    options.progress = [&](int64_t done, int64_t total) { progress.Update(done, total); };
    BL_ASSIGN_OR_RETURN(sections, MakeOverview(board, options));
  }
  std::string text;
  std::vector<PageSection> pages;
  for (OverviewSection& section : sections) {
    absl::StrAppend(&text, section.title, "\n\n", section.table.Text(), "\n");
    BL_ASSIGN_OR_RETURN(std::string svg, RenderSvg(section.script));
    BL_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(flags.out, "/", section.file), svg));
    pages.push_back({std::move(section), std::move(svg)});
  }
  const std::string page = absl::StrCat(flags.out, "/index.html");
  BL_RETURN_IF_ERROR(WriteFileAtomically(page, OverviewPage(board, pages)));
  BL_RETURN_IF_ERROR(WriteResults(absl::StrCat(
      text, "kB = 1024 bytes. Pictures and how each figure was counted: ", page, "\n")));
  return ExitCode::kOk;
}

}  // namespace

void AddOverviewCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("overview", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<OverviewFlags>();
  AddBoard(command, flags->board, "Board type")->capture_default_str();
  command.add_option("--out", flags->out, "Folder for the files, made if needed")
      ->required()
      ->type_name("DIR");
  AddSamples(command, flags->options.samples);
  AddSeed(command, flags->options.seed);
  AddInteger(command, "--classes", flags->options.classes, 1, 65536,
             "Classes of the task that spaces are ranked for");
  AddThreads(command, flags->options.threads);
  command.callback([flags, &action] { action = [flags] { return RunOverview(*flags); }; });
}

}  // namespace boardloop
