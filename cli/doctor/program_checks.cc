#include "cli/doctor/program_checks.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/doctor/fixes.h"

namespace boardloop {
namespace {

using State = Finding::State;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::vector<Finding> OwnProgramCheck::Look(const Host& host) const {
  const std::string path = host.Find(program_);
  if (path.empty()) {
    return {
        {program_, State::kMissing, "neither beside boardloop nor in PATH", BuildFix(program_)}};
  }
  const absl::StatusOr<ProcessOutput> output = host.Run({path, "--version"});
  if (!output.ok() || output->exit_code != 0) {
    const std::string why(output.ok() ? FirstLine(output->err)
                                      : std::string(output.status().message()));
    return {{program_, State::kMissing, absl::StrFormat("%s does not start: %s", path, why),
             BuildFix(program_)}};
  }
  const std::vector<std::string> lines = absl::StrSplit(output->out, '\n', absl::SkipEmpty());
  const std::string text = absl::StrCat(absl::StrJoin(lines, ", "), " at ", path);
  if (!lines.empty() && lines[0] == absl::StrCat(program_, " ", version_)) {
    return {{program_, State::kOk, text, ""}};
  }
  return {{program_, State::kWarning, absl::StrFormat("%s; this is boardloop %s", text, version_),
           BuildFix(program_)}};
}

Finding ToolCheck::Absent(const Host& host, const std::string& text) const {
  return {options_.name, options_.absent,
          options_.why.empty() ? text : absl::StrCat(text, "; ", options_.why),
          options_.packages.empty() ? options_.fix : InstallFix(host, options_.packages)};
}

Finding ToolCheck::Failing(const Host& host, const std::string& text) const {
  Finding finding = Absent(host, text);
  if (!options_.start_fix.empty()) finding.fix = options_.start_fix;
  return finding;
}

std::vector<Finding> ToolCheck::Look(const Host& host) const {
  std::vector<Finding> failing;
  for (std::vector<std::string> command : options_.commands) {
    const std::string path = host.Find(command[0]);
    if (path.empty()) continue;
    command[0] = path;
    const absl::StatusOr<ProcessOutput> output = host.Run(command);
    if (!output.ok()) {
      failing.push_back(Failing(host, std::string(output.status().message())));
    } else if (output->exit_code != 0) {
      const std::string& said = output->err.empty() ? output->out : output->err;
      failing.push_back(Failing(
          host, absl::StrFormat("`%s` fails: %s", absl::StrJoin(command, " "), FirstLine(said))));
    } else if (!absl::StrContains(output->out, options_.needs)) {
      failing.push_back(Absent(host, absl::StrFormat("%s has no %s", path, options_.needs_name)));
    } else if (!options_.needs.empty()) {
      return {{options_.name, State::kOk, absl::StrCat(options_.needs_name, " in ", path), ""}};
    } else {
      const std::string& said = output->out.empty() ? output->err : output->out;
      return {{options_.name, State::kOk, FirstLine(said), ""}};
    }
  }
  return {failing.empty() ? Absent(host, "not found") : failing[0]};
}

}  // namespace boardloop
