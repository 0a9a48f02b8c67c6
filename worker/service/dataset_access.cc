#include "worker/service/dataset_access.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/data/layout.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

// Without "..", and links resolved as far as the path exists.
fs::path Resolved(const std::string& path) {
  std::error_code error;
  fs::path absolute = fs::absolute(path, error);
  if (error) return path;
  fs::path resolved = fs::weakly_canonical(absolute, error);
  return error ? absolute : resolved;
}

bool IsBelow(const fs::path& path, const fs::path& root) {
  const auto [end, ignored] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  // A root that ends in a slash has an empty last part.
  return end == root.end() || (end->empty() && std::next(end) == root.end());
}

}  // namespace

DatasetAccess::DatasetAccess(Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

absl::Status DatasetAccess::Check(const std::string& path) const {
  const fs::path resolved = Resolved(path);
  const auto is_below = [&](const std::string& root) { return IsBelow(resolved, Resolved(root)); };
  if (!options_.roots.empty() &&
      std::none_of(options_.roots.begin(), options_.roots.end(), is_below)) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the data set ", path,
        " is not below this worker's --data-root: ", absl::StrJoin(options_.roots, ", ")));
  }
  return DetectLayout(path).status();
}

void DatasetAccess::LogProblem(const std::string& path, const absl::Status& status, Entry& entry) {
  std::string problem(status.message());
  if (problem == entry.problem) return;
  entry.problem = std::move(problem);
  if (options_.log) options_.log(absl::StrCat("data set ", path, ": ", entry.problem));
}

bool DatasetAccess::Ask(const std::vector<std::string>& paths) {
  bool changed = false;
  const absl::Duration now = clock_.Steady();
  for (const std::string& path : paths) {
    {
      MutexLock lock(mu_);
      const Entry& entry = entries_[path];
      if (entry.readable || now < entry.next_look) continue;
    }
    const absl::Status status = Check(path);  // Unlocked: a network's disk may take its time.
    MutexLock lock(mu_);
    Entry& entry = entries_[path];
    entry.readable = status.ok();
    changed = changed || status.ok();
    if (status.ok()) continue;
    entry.next_look = now + options_.look_again;
    LogProblem(path, status, entry);
  }
  return changed;
}

std::vector<std::string> DatasetAccess::Offered() const {
  MutexLock lock(mu_);
  std::vector<std::string> offered;
  for (const auto& [path, entry] : entries_) {
    if (entry.readable) offered.push_back(path);
  }
  return offered;
}

std::map<std::string, std::string> DatasetAccess::Problems() const {
  MutexLock lock(mu_);
  std::map<std::string, std::string> problems;
  for (const auto& [path, entry] : entries_) {
    if (!entry.readable && !entry.problem.empty()) problems[path] = entry.problem;
  }
  return problems;
}

void DatasetAccess::NoteFailure(const std::string& path, const absl::Status& status) {
  MutexLock lock(mu_);
  Entry& entry = entries_[path];
  entry.readable = false;
  entry.next_look = clock_.Steady() + options_.pause;
  LogProblem(path, status, entry);
}

}  // namespace boardloop
