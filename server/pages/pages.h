// What the coordinator's metrics port shows to people: the searches, and the reports of those that have one.
//
//   GET /                        the newest searches, HTML
//   GET /searches                the same as JSON
//   GET /searches/{search}/report  its report.html
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "cli/http/http_server.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "server/artifacts/artifact_files.h"
#include "server/metrics/search_facts.h"
#include "server/metrics/search_slots.h"
#include "server/pages/search_page.h"
#include "server/search/search_engine.h"

namespace boardloop {

// Thread-safe.
class Pages {
 public:
  // Searches that a page shows, the newest.
  static constexpr int kMostSearches = 100;

  // Nothing is owned.
  Pages(Store& store, SearchEngine& engine, ArtifactFiles& artifacts, SearchSlots& slots,
        const Clock& clock)
      : store_(store), engine_(engine), artifacts_(artifacts), slots_(slots), clock_(clock) {}

  // 404 for what there is not, with a line that says why.
  HttpAnswer Answer(const std::string& path);

 private:
  struct List {
    std::vector<SearchRow> rows;
    bool more = false;
  };
  absl::StatusOr<List> Searches();
  absl::Status Complete(SearchRow& row);
  absl::StatusOr<std::string> Report(const std::string& name);

  Store& store_;
  SearchEngine& engine_;
  ArtifactFiles& artifacts_;
  SearchSlots& slots_;
  const Clock& clock_;
  Mutex mu_;
  std::map<std::string, RemainingTime> remaining_ ABSL_GUARDED_BY(mu_);  // Of those that run.
};

}  // namespace boardloop
