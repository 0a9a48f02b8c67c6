#include "core/identity/openssl.h"

#include <openssl/err.h>

#include "absl/strings/str_format.h"

namespace boardloop {

absl::Status OpensslError(const std::string& tried) {
  char text[256] = "no reason given";
  const unsigned long error = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type.
  if (error != 0) ERR_error_string_n(error, text, sizeof(text));
  ERR_clear_error();
  return absl::InternalError(absl::StrFormat("%s failed in OpenSSL: %s", tried, text));
}

void ForgetOpensslErrors() { ERR_clear_error(); }

UniqueBio ReadFrom(const std::string& text) {
  return UniqueBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string TextOf(const UniqueBio& bio) {
  const char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

}  // namespace boardloop
