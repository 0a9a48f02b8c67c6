#include "device-agent/build/sha256.h"

#include <glog/logging.h>
#include <openssl/evp.h>

#include "absl/strings/escaping.h"

namespace boardloop {
namespace {

void Update(EVP_MD_CTX* context, std::string_view bytes) {
  CHECK_EQ(EVP_DigestUpdate(context, bytes.data(), bytes.size()), 1);
}

std::string Finish(EVP_MD_CTX* context) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK_EQ(EVP_DigestFinal_ex(context, digest, &size), 1);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

}  // namespace

void Sha256Builder::Free::operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

Sha256Builder::Sha256Builder() : context_(EVP_MD_CTX_new()) {
  CHECK_EQ(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr), 1);
}

Sha256Builder& Sha256Builder::Add(std::string_view part) {
  const uint64_t size = part.size();
  Update(context_.get(), {reinterpret_cast<const char*>(&size), sizeof(size)});
  Update(context_.get(), part);
  return *this;
}

std::string Sha256Builder::Hex() { return Finish(context_.get()); }

std::string Sha256Hex(std::string_view bytes) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free);
  CHECK_EQ(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr), 1);
  Update(context.get(), bytes);
  return Finish(context.get());
}

}  // namespace boardloop
