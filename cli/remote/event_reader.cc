#include "cli/remote/event_reader.h"

#include <utility>

#include "cli/remote/pages.h"

namespace boardloop {

EventReader::EventReader(Connection& connection, std::string parent)
    : connection_(connection), parent_(std::move(parent)) {}

absl::StatusOr<std::vector<v1::Event>> EventReader::Next() {
  std::vector<v1::Event> events;
  while (true) {
    v1::ListEventsRequest request;
    request.set_parent(parent_);
    request.set_page_size(static_cast<int32_t>(kPageSize));
    request.set_page_token(page_token_);
    BL_ASSIGN_OR_RETURN(const v1::ListEventsResponse page,
                        connection_.Call(&v1::SearchService::Stub::ListEvents, request));
    for (const v1::Event& event : page.events()) {
      if (event.sequence() <= sequence_) continue;
      sequence_ = event.sequence();
      events.push_back(event);
    }
    if (page.next_page_token().empty()) return events;
    if (page.next_page_token() == page_token_) {
      return absl::InternalError("the coordinator repeats a page_token: the list has no end");
    }
    page_token_ = page.next_page_token();
  }
}

}  // namespace boardloop
