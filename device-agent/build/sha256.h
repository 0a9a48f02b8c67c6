// SHA-256, for what is named by its content: cache entries and images.
#pragma once

#include <memory>
#include <string>
#include <string_view>

typedef struct evp_md_ctx_st EVP_MD_CTX;

namespace boardloop {

// Hashes a sequence of parts so that different sequences differ: each is preceded by its length.
class Sha256Builder {
 public:
  Sha256Builder();
  Sha256Builder& Add(std::string_view part);
  std::string Hex();  // 64 lower-case digits; nothing can be added afterwards.

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// Of the bytes alone: what `sha256sum` prints.
std::string Sha256Hex(std::string_view bytes);

}  // namespace boardloop
