// Lists that come in pages, read to their end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cli/remote/connection.h"
#include "core/base/status.h"

namespace boardloop {

// Items of a page: candidates with a measurement are some kB each, and a message is limited.
inline constexpr int64_t kPageSize = 200;

// All pages of a List method as one response, at most `limit` items (0: all). Its next_page_token is empty unless the
// limit cut the list.
//
//   ListPages(connection, &v1::SearchService::Stub::ListSearches, request, &v1::ListSearchesResponse::searches_size, 0)
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> ListPages(Connection& connection,
                                   grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                   Request request, int (Response::*size)() const, int64_t limit) {
  Response all;
  do {
    const int64_t wanted = limit == 0 ? kPageSize : limit - (all.*size)();
    request.set_page_size(static_cast<int32_t>(std::min(wanted, kPageSize)));
    BL_ASSIGN_OR_RETURN(const Response page, connection.Call(method, request));
    if (!page.next_page_token().empty() && page.next_page_token() == request.page_token()) {
      return absl::InternalError("the coordinator repeats a page_token: the list has no end");
    }
    all.clear_next_page_token();
    all.MergeFrom(page);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && (limit == 0 || (all.*size)() < limit));
  return all;
}

}  // namespace boardloop
