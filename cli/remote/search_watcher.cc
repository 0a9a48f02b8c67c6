#include "cli/remote/search_watcher.h"

#include <algorithm>
#include <utility>

#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(250);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

// The first attempt after a stream that worked comes at once.
absl::Duration PauseBefore(int attempt) {
  if (attempt <= 1) return absl::ZeroDuration();
  return std::min(kLongestPause, kFirstPause * (1 << std::min(attempt - 2, 10)));
}

}  // namespace

bool HasEnded(const v1::Search& search) {
  return search.state() == v1::Search::SUCCEEDED || search.state() == v1::Search::INFEASIBLE ||
         search.state() == v1::Search::FAILED || search.state() == v1::Search::CANCELLED;
}

ExitCode ExitCodeOf(const v1::Search& search) {
  switch (search.state()) {
    case v1::Search::SUCCEEDED:
      return ExitCode::kOk;
    case v1::Search::INFEASIBLE:
      return ExitCode::kDoesNotFit;
    case v1::Search::CANCELLED:
      return ExitCode::kCancelled;
    default:
      return ExitCode::kJobFailed;
  }
}

SearchWatcher::SearchWatcher(Connection& connection, Options options)
    : connection_(connection), options_(std::move(options)) {}

absl::StatusOr<v1::Search> SearchWatcher::Run(const std::string& name) {
  last_.Clear();
  updated_ = absl::OkStatus();
  fruitless_ = 0;
  while (true) {
    absl::Status status = Stream(name);
    BL_RETURN_IF_ERROR(updated_);
    if (HasEnded(last_.search())) return last_.search();
    // A coordinator that stops may end its streams in good order.
    if (status.ok()) status = absl::UnavailableError("the coordinator ended the stream");
    if (!IsTransient(status)) return status;
    BL_RETURN_IF_ERROR(Recover(status));
  }
}

absl::Status SearchWatcher::Stream(const std::string& name) {
  grpc::ClientContext context;
  SetDeadline(context, kStreamDeadline);
  v1::WatchSearchRequest request;
  request.set_name(name);
  request.set_resume_token(last_.resume_token());
  const auto reader = connection_.stub<v1::SearchService>().WatchSearch(&context, request);
  ++fruitless_;
  for (v1::WatchSearchResponse response; reader->Read(&response);) {
    fruitless_ = 0;
    last_ = response;
    if (options_.on_update) updated_ = options_.on_update(response);
    if (!updated_.ok() || HasEnded(response.search())) context.TryCancel();  // Nothing follows.
  }
  return connection_.Check(reader->Finish());
}

absl::Status SearchWatcher::Recover(const absl::Status& cause) {
  const absl::Time now = absl::Now();
  // Our own deadline after a quiet while: nothing was lost.
  if (absl::IsDeadlineExceeded(cause) && fruitless_ == 0) return absl::OkStatus();
  if (fruitless_ <= 1) lost_ = now;
  if (options_.on_lost) options_.on_lost(cause);
  const absl::Duration left = lost_ + options_.patience - now;
  if (left <= absl::ZeroDuration()) return AsUnreachable(cause);
  options_.sleep(std::min(left, PauseBefore(fruitless_)));
  if (connection_.AwaitServer(left)) return absl::OkStatus();
  return AsUnreachable(cause);
}

}  // namespace boardloop
