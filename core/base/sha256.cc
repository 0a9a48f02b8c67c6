#include "core/base/sha256.h"

#include <glog/logging.h>
#include <openssl/evp.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "core/base/file_io.h"
#include "core/base/status.h"

namespace boardloop {

void Sha256::Free::operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  CHECK_EQ(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr), 1);
}

Sha256& Sha256::Add(std::string_view piece) {
  CHECK_EQ(EVP_DigestUpdate(context_.get(), piece.data(), piece.size()), 1);
  return *this;
}

std::string Sha256::Hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK_EQ(EVP_DigestFinal_ex(context_.get(), digest, &size), 1);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

Sha256Builder& Sha256Builder::Add(std::string_view part) {
  const uint64_t size = part.size();
  sha256_.Add({reinterpret_cast<const char*>(&size), sizeof(size)}).Add(part);
  return *this;
}

std::string Sha256Hex(std::string_view bytes) { return Sha256().Add(bytes).Hex(); }

absl::StatusOr<int64_t> AddFile(Sha256& sha256, int fd, const std::string& path, int64_t size) {
  constexpr int64_t kPiece = 1 << 20;
  std::string piece(static_cast<size_t>(std::min(size, kPiece)), '\0');
  int64_t done = 0;
  while (done < size) {
    const size_t wanted = static_cast<size_t>(std::min(size - done, kPiece));
    BL_ASSIGN_OR_RETURN(const size_t got, ReadSome(fd, path, piece.data(), wanted));
    if (got == 0) break;
    sha256.Add({piece.data(), got});
    done += static_cast<int64_t>(got);
  }
  return done;
}

bool IsSha256Hex(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace boardloop
