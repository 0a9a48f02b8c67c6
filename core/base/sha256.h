// SHA-256, for what is named by its content: artifacts, cache entries and images.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

typedef struct evp_md_ctx_st EVP_MD_CTX;

namespace boardloop {

// Of bytes that come in pieces: what `sha256sum` prints.
class Sha256 {
 public:
  Sha256();
  Sha256& Add(std::string_view piece);
  std::string Hex();  // 64 lower-case digits; nothing can be added afterwards.

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// Hashes a sequence of parts so that different sequences differ: each is preceded by its length.
class Sha256Builder {
 public:
  Sha256Builder& Add(std::string_view part);
  std::string Hex() { return sha256_.Hex(); }  // Nothing can be added afterwards.

 private:
  Sha256 sha256_;
};

std::string Sha256Hex(std::string_view bytes);

// Adds the next `size` bytes of an open file, or fewer where it ends; returns how many.
absl::StatusOr<int64_t> AddFile(Sha256& sha256, int fd, const std::string& path, int64_t size);

// Whether `text` is 64 lower-case hexadecimal digits.
bool IsSha256Hex(std::string_view text);

}  // namespace boardloop
