#include "server/api/page_token.h"

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/hash.h"

namespace boardloop {
namespace {

constexpr int32_t kMaxPage = 1000;

std::string Digest(const std::string& query) { return HashBytes(query).Hex().substr(0, 12); }

}  // namespace

absl::StatusOr<int32_t> PageSize(int32_t asked, int32_t standard) {
  if (asked < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("page_size is %d, must be in [0, %d]", asked, kMaxPage));
  }
  return asked == 0 ? standard : std::min(asked, kMaxPage);
}

std::string MakePageToken(const std::string& query, int64_t position) {
  return absl::WebSafeBase64Escape(absl::StrCat(Digest(query), ":", position));
}

absl::StatusOr<int64_t> ParsePageToken(const std::string& token, const std::string& query) {
  if (token.empty()) return 0;
  std::string text;
  int64_t position = 0;
  const std::vector<std::string> parts = absl::WebSafeBase64Unescape(token, &text)
                                             ? absl::StrSplit(text, ':')
                                             : std::vector<std::string>();
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &position) || position < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("page_token is \"%s\", which this server never gave", token));
  }
  if (parts[0] != Digest(query)) {
    return absl::InvalidArgumentError(
        "page_token is of another query: only page_size may change from page to page");
  }
  return position;
}

}  // namespace boardloop
