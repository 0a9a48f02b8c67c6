#include "core/identity/certificate.h"

#include <openssl/pem.h>

#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/identity/identity_name.h"
#include "core/identity/key.h"

namespace boardloop {
namespace {

constexpr size_t kMaxPem = 64 << 10;

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

absl::StatusOr<absl::Time> FromAsn1(const ASN1_TIME* time) {
  std::tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) {
    ForgetOpensslErrors();
    return absl::InvalidArgumentError("the certificate has a time that is none");
  }
  return absl::FromTM(fields, absl::UTCTimeZone());
}

// Hosts, or exactly one identity. Anything else is of another program, and could be taken for what it is not.
absl::StatusOr<std::optional<v1::Identity>> IdentityOf(const X509* certificate) {
  const UniqueNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  ForgetOpensslErrors();
  if (names == nullptr) return std::nullopt;
  std::optional<v1::Identity> identity;
  const int count = sk_GENERAL_NAME_num(names.get());
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS || name->type == GEN_IPADD) continue;
    if (name->type != GEN_URI || count != 1) {
      return absl::InvalidArgumentError(
          "the certificate has names that are neither one identity nor those of a host");
    }
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri));
    BL_ASSIGN_OR_RETURN(identity, ParseIdentityUri(std::string(
                                      bytes, static_cast<size_t>(ASN1_STRING_length(uri)))));
  }
  return identity;
}

}  // namespace

absl::StatusOr<UniqueCertificate> ReadCertificate(const std::string& pem) {
  UniqueCertificate certificate;
  if (pem.size() <= kMaxPem) {
    certificate.reset(PEM_read_bio_X509(ReadFrom(pem).get(), nullptr, nullptr, nullptr));
  }
  ForgetOpensslErrors();
  if (certificate != nullptr) return certificate;
  return absl::InvalidArgumentError("the certificate cannot be read, must be X.509 in PEM");
}

absl::StatusOr<std::string> WriteCertificate(X509* certificate) {
  const UniqueBio out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(out.get(), certificate) != 1) return OpensslError("writing a certificate");
  return TextOf(out);
}

absl::StatusOr<Certificate> ParseCertificate(const std::string& pem) {
  BL_ASSIGN_OR_RETURN(const UniqueCertificate x509, ReadCertificate(pem));
  Certificate certificate;
  BL_ASSIGN_OR_RETURN(certificate.identity, IdentityOf(x509.get()));
  BL_ASSIGN_OR_RETURN(certificate.not_before, FromAsn1(X509_get0_notBefore(x509.get())));
  BL_ASSIGN_OR_RETURN(certificate.not_after, FromAsn1(X509_get0_notAfter(x509.get())));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (X509_digest(x509.get(), EVP_sha256(), digest, &length) != 1) {
    return OpensslError("hashing a certificate");
  }
  certificate.sha256.assign(reinterpret_cast<const char*>(digest), length);
  return certificate;
}

absl::StatusOr<absl::Time> NotAfter(const std::string& pem) {
  BL_ASSIGN_OR_RETURN(const UniqueCertificate x509, ReadCertificate(pem));
  return FromAsn1(X509_get0_notAfter(x509.get()));
}

absl::Status CheckTime(const Certificate& certificate, absl::Time now, const std::string& whose) {
  if (now > certificate.not_after) {
    return absl::UnauthenticatedError(
        absl::StrFormat("%s expired at %s, and the clock here says %s", whose,
                        TimeText(certificate.not_after), TimeText(now)));
  }
  if (now < certificate.not_before) {
    return absl::UnauthenticatedError(
        absl::StrFormat("%s is valid from %s on, and the clock here says %s: one of the two "
                        "machines' clocks is off",
                        whose, TimeText(certificate.not_before), TimeText(now)));
  }
  return absl::OkStatus();
}

absl::Status CheckKey(const std::string& certificate_pem, const std::string& key_pem) {
  BL_ASSIGN_OR_RETURN(const UniqueCertificate certificate, ReadCertificate(certificate_pem));
  BL_ASSIGN_OR_RETURN(const UniqueKey key, ParseKey(key_pem));
  const bool holds = X509_check_private_key(certificate.get(), key.get()) == 1;
  ForgetOpensslErrors();
  if (holds) return absl::OkStatus();
  return absl::InvalidArgumentError("the key is not that of the certificate");
}

absl::Status CheckIssuer(const std::string& certificate_pem, const std::string& authority_pem) {
  BL_ASSIGN_OR_RETURN(const UniqueCertificate certificate, ReadCertificate(certificate_pem));
  BL_ASSIGN_OR_RETURN(const UniqueCertificate authority, ReadCertificate(authority_pem));
  EVP_PKEY* key = X509_get0_pubkey(authority.get());  // The certificate's own.
  const bool holds = key != nullptr && X509_check_issued(authority.get(), certificate.get()) == 0 &&
                     X509_verify(certificate.get(), key) == 1;
  ForgetOpensslErrors();
  if (holds) return absl::OkStatus();
  return absl::InvalidArgumentError("the certificate was signed by another authority");
}

}  // namespace boardloop
