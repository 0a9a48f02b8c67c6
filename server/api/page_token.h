// Pages of lists: where a list goes on, for the query that its token was given for and no other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace boardloop {

// One page of a list, as asked for by a request with `page_size` and `page_token`. Pages go on behind the last row given, so that rows
// which come or go in between are neither repeated nor left out.
class ListPage {
 public:
  // `query` is everything that selects the list but size and token. Page sizes are as AIP-158 says: 0 stands for `standard`, more
  // than 1000 is cut.
  //
  // INVALID_ARGUMENT  a negative size; not a token, or one of another query
  static absl::StatusOr<ListPage> Make(int32_t page_size, const std::string& page_token,
                                       int32_t standard, const std::string& query);
  template <typename Request>
  static absl::StatusOr<ListPage> Of(const Request& request, int32_t standard,
                                     const std::string& query) {
    return Make(request.page_size(), request.page_token(), standard, query);
  }

  // What is read from the store: a row more than the page has, which tells whether there is another page.
  Page ToRead() const { return {position_, limit_ + 1}; }
  // Where it begins in a list by name: behind this name; empty: at the beginning.
  const std::string& after_name() const { return name_; }

  // Takes off the rows that are not of this page: the one beyond its size, and all beyond kMaxPageBytes but the first. Gives
  // the token of the next page, empty at the end.
  template <typename Row, typename PositionOf>
  std::string Cut(std::vector<Row>& rows, const PositionOf& position_of) const {
    size_t count = 0, bytes = 0;
    while (count < rows.size() && count < static_cast<size_t>(limit_)) {
      bytes += BytesOf(rows[count]);
      if (count > 0 && bytes > kMaxPageBytes) break;
      ++count;
    }
    if (count == rows.size()) return "";
    rows.resize(count);
    return TokenOf(position_of(rows.back()));
  }

  // As Cut, of a whole list that is few rows, all in memory and in the order of their names.
  template <typename Row, typename NameOf>
  std::string CutByName(std::vector<Row>& rows, const NameOf& name_of) const {
    rows.erase(rows.begin(), std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
                 return name_of(row) > after_name();
               }));
    return Cut(rows, name_of);
  }

 private:
  // gRPC clients take 4 MiB by default.
  static constexpr size_t kMaxPageBytes = size_t{3} << 20;

  ListPage() = default;
  template <typename Message>
  static size_t BytesOf(const Message& message) {
    return message.ByteSizeLong();
  }
  template <typename Message>
  static size_t BytesOf(const Listed<Message>& row) {
    return row.row.ByteSizeLong();
  }
  std::string TokenOf(int64_t position) const;
  std::string TokenOf(const std::string& name) const;

  std::string query_;
  int32_t limit_ = 0;
  int64_t position_ = 0;
  std::string name_;
};

}  // namespace boardloop
