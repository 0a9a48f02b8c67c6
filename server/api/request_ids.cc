#include "server/api/request_ids.h"

#include <cctype>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/hash.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// 8-4-4-4-12 hexadecimal digits.
bool IsUuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string DigestOf(const google::protobuf::Message& request) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&output);
  }
  return HashBytes(absl::StrCat(request.GetTypeName(), " ", bytes)).Hex();
}

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.empty() || IsUuid(request_id)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("request_id is \"%s\", must be a UUID", request_id));
}

absl::StatusOr<std::optional<std::string>> FindRequest(Transaction& tx,
                                                       const std::string& request_id,
                                                       const std::string& digest) {
  if (request_id.empty()) return std::nullopt;
  BL_ASSIGN_OR_RETURN(const std::optional<store::Request> found, tx.GetRequest(request_id));
  if (!found.has_value()) return std::nullopt;
  if (found->digest() == digest) return found->resource();
  return absl::FailedPreconditionError(absl::StrFormat(
      "request_id %s was used for another request, which created %s: draw a new one", request_id,
      found->resource()));
}

absl::Status KeepRequest(Transaction& tx, const std::string& request_id, const std::string& digest,
                         const std::string& resource, absl::Time now) {
  if (request_id.empty()) return absl::OkStatus();
  BL_RETURN_IF_ERROR(tx.DeleteRequestsBefore(absl::ToUnixMillis(now - kRequestIdTtl)));
  store::Request row;
  row.set_request_id(request_id);
  row.set_digest(digest);
  row.set_resource(resource);
  row.set_time_ms(absl::ToUnixMillis(now));
  return tx.PutRequest(row);
}

}  // namespace boardloop
