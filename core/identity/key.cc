#include "core/identity/key.h"

#include <openssl/pem.h>

#include <cstring>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr size_t kMaxPem = 64 << 10;

// PEM may be encrypted, and OpenSSL would ask the terminal for the password.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

absl::Status CheckSize(const std::string& pem, const char* what) {
  if (pem.size() <= kMaxPem) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s has %d B, must have at most %d", what, pem.size(), kMaxPem));
}

absl::Status CheckCurve(const EVP_PKEY* key, const char* what) {
  char group[64] = "";
  size_t size = 0;
  const bool named = EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1;
  if (named && std::strcmp(group, "prime256v1") == 0) return absl::OkStatus();
  ForgetOpensslErrors();
  const char* type = EVP_PKEY_get0_type_name(key);
  return absl::InvalidArgumentError(absl::StrFormat("%s is of type %s, must be EC P-256", what,
                                                    named ? group : (type ? type : "unknown")));
}

}  // namespace

absl::StatusOr<std::string> NewKey() {
  const UniqueKey key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpensslError("making a key");
  const UniqueBio out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
      1) {
    return OpensslError("writing a key");
  }
  return TextOf(out);
}

absl::StatusOr<UniqueKey> ParseKey(const std::string& pem) {
  BL_RETURN_IF_ERROR(CheckSize(pem, "the key"));
  UniqueKey key(PEM_read_bio_PrivateKey(ReadFrom(pem).get(), nullptr, NoPassword, nullptr));
  ForgetOpensslErrors();
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "the key cannot be read, must be a P-256 key in PEM without a password");
  }
  BL_RETURN_IF_ERROR(CheckCurve(key.get(), "the key"));
  return key;
}

absl::StatusOr<std::string> MakeCertificateRequest(const std::string& key_pem) {
  BL_ASSIGN_OR_RETURN(const UniqueKey key, ParseKey(key_pem));
  const UniqueRequest request(X509_REQ_new());
  const UniqueBio out(BIO_new(BIO_s_mem()));
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_REQ(out.get(), request.get()) != 1) {
    return OpensslError("making a certificate request");
  }
  return TextOf(out);
}

absl::StatusOr<UniqueKey> ParseCertificateRequest(const std::string& pem) {
  BL_RETURN_IF_ERROR(CheckSize(pem, "the certificate request"));
  const UniqueRequest request(
      PEM_read_bio_X509_REQ(ReadFrom(pem).get(), nullptr, NoPassword, nullptr));
  UniqueKey key(request == nullptr ? nullptr : X509_REQ_get_pubkey(request.get()));
  ForgetOpensslErrors();
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "the certificate request cannot be read, must be PKCS #10 in PEM");
  }
  BL_RETURN_IF_ERROR(CheckCurve(key.get(), "the key of the certificate request"));
  const bool holds = X509_REQ_verify(request.get(), key.get()) == 1;
  ForgetOpensslErrors();
  if (holds) return key;
  return absl::InvalidArgumentError(
      "the certificate request is not signed with the key that is in it");
}

absl::StatusOr<std::string> KeyDigest(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return OpensslError("encoding a public key");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  const int done =
      EVP_Digest(der, static_cast<size_t>(size), digest, &length, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  if (done != 1) return OpensslError("hashing a public key");
  return std::string(reinterpret_cast<const char*>(digest), length);
}

}  // namespace boardloop
