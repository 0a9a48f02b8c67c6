// OpenSSL's handles, each freed by its own function, and what it says when it refuses something.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace boardloop {

// Frees a handle of C by the function for it.
template <auto kFree>
struct OpensslFree {
  template <typename Handle>
  void operator()(Handle* handle) const {
    kFree(handle);
  }
};

using UniqueBio = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using UniqueKey = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using UniqueCertificate = std::unique_ptr<X509, OpensslFree<X509_free>>;
using UniqueRequest = std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>>;
using UniqueExtension = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;
using UniqueNames = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;

// INTERNAL, with OpenSSL's own words, which it forgets then: for what only fails where memory or randomness does.
absl::Status OpensslError(const std::string& tried);
// Forgets the errors of this thread: those of input that we refuse in words of our own.
void ForgetOpensslErrors();

// To read `text` from.
UniqueBio ReadFrom(const std::string& text);
// What was written to it.
std::string TextOf(const UniqueBio& bio);

}  // namespace boardloop
