#include "server/api/page_token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/hash.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int32_t kMaxPage = 1000;

absl::StatusOr<int32_t> PageSize(int32_t asked, int32_t standard) {
  if (asked < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("page_size is %d, must be in [0, %d]", asked, kMaxPage));
  }
  return asked == 0 ? standard : std::min(asked, kMaxPage);
}

// A token is, in the alphabet of URLs, the digest of its query, what kind of position follows, and the position.
constexpr size_t kDigest = 12;
constexpr char kNumber = '#', kName = '/';

std::string Digest(const std::string& query) { return HashBytes(query).Hex().substr(0, kDigest); }

std::string Token(const std::string& query, char kind, const std::string& position) {
  return absl::WebSafeBase64Escape(absl::StrCat(Digest(query), std::string(1, kind), position));
}

}  // namespace

absl::StatusOr<ListPage> ListPage::Make(int32_t page_size, const std::string& page_token,
                                        int32_t standard, const std::string& query) {
  ListPage page;
  BL_ASSIGN_OR_RETURN(page.limit_, PageSize(page_size, standard));
  page.query_ = query;
  if (page_token.empty()) return page;
  std::string text;
  bool known = absl::WebSafeBase64Unescape(page_token, &text) && text.size() > kDigest + 1;
  if (known && text[kDigest] == kName) {
    page.name_ = text.substr(kDigest + 1);
  } else {
    known = known && text[kDigest] == kNumber &&
            absl::SimpleAtoi(text.substr(kDigest + 1), &page.position_) && page.position_ > 0;
  }
  if (!known) {
    return absl::InvalidArgumentError(
        absl::StrFormat("page_token is \"%s\", which this server never gave", page_token));
  }
  if (text.substr(0, kDigest) == Digest(page.query_)) return page;
  return absl::InvalidArgumentError(
      "page_token is of another query: only page_size may change from page to page");
}

std::string ListPage::TokenOf(int64_t position) const {
  return Token(query_, kNumber, absl::StrCat(position));
}

std::string ListPage::TokenOf(const std::string& name) const { return Token(query_, kName, name); }

}  // namespace boardloop
