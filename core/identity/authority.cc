#include "core/identity/authority.h"

#include <arpa/inet.h>
#include <openssl/rand.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/file_io.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/identity/certificate.h"
#include "core/identity/identity_name.h"
#include "core/identity/key.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxFile = 64 << 10;
constexpr absl::Duration kAuthorityLife = absl::Hours(24 * 3650);

std::string KeyFile(const std::string& folder) { return folder + "/key.pem"; }
std::string CertificateFile(const std::string& folder) { return folder + "/certificate.pem"; }

// Subject, serial number, times and key: what every certificate has. The issuer is the caller's.
absl::StatusOr<UniqueCertificate> Begin(EVP_PKEY* key, const std::string& name,
                                        absl::Time not_before, absl::Time not_after) {
  // Random, 127 bits: RFC 5280 wants positive numbers, and nobody shall guess the next.
  unsigned char serial[16];
  if (RAND_bytes(serial, sizeof(serial)) != 1) return OpensslError("drawing a serial number");
  serial[0] &= 0x7F;
  UniqueCertificate certificate(X509_new());
  if (certificate == nullptr) return OpensslError("making a certificate");
  X509* const x509 = certificate.get();
  BIGNUM* const number = BN_bin2bn(serial, sizeof(serial), nullptr);
  const bool numbered =
      number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != nullptr;
  BN_free(number);
  const auto* text = reinterpret_cast<const unsigned char*>(name.data());
  if (!numbered || X509_set_version(x509, X509_VERSION_3) != 1 ||
      X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName, MBSTRING_UTF8, text,
                                 static_cast<int>(name.size()), -1, 0) != 1 ||
      ASN1_TIME_set(X509_getm_notBefore(x509), absl::ToTimeT(not_before)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(x509), absl::ToTimeT(not_after)) == nullptr ||
      X509_set_pubkey(x509, key) != 1) {
    return OpensslError("making a certificate");
  }
  return certificate;
}

// `value` in OpenSSL's own notation: of our words and of names that were checked, never of text from others.
absl::Status AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const UniqueExtension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1) {
    return absl::OkStatus();
  }
  return OpensslError(absl::StrCat("adding ", value, " to a certificate"));
}

// As an entry of a subjectAltName.
absl::StatusOr<std::string> HostEntry(const std::string& host) {
  unsigned char address[16];
  if (inet_pton(AF_INET, host.c_str(), address) == 1 ||
      inet_pton(AF_INET6, host.c_str(), address) == 1) {
    return absl::StrCat("IP:", host);
  }
  const bool valid = !host.empty() && host.size() <= 253 && host[0] != '.' && host[0] != '-' &&
                     std::all_of(host.begin(), host.end(), [](char letter) {
                       return absl::ascii_isalnum(static_cast<unsigned char>(letter)) ||
                              letter == '.' || letter == '-';
                     });
  if (valid) return absl::StrCat("DNS:", host);
  return absl::InvalidArgumentError(absl::StrFormat(
      "the host name is \"%s\", must be a DNS name or an IP address, without a port",
      Printable(host.substr(0, 100))));
}

absl::StatusOr<std::string> CreateCertificate(EVP_PKEY* key, absl::Time now) {
  // A name that tells authorities apart where two are confused.
  BL_ASSIGN_OR_RETURN(const std::string digest, KeyDigest(key));
  const std::string name =
      absl::StrCat("Boardloop authority ", absl::BytesToHexString(digest.substr(0, 4)));
  BL_ASSIGN_OR_RETURN(const UniqueCertificate certificate,
                      Begin(key, name, now - kClockTolerance, now + kAuthorityLife));
  X509* const x509 = certificate.get();
  if (X509_set_issuer_name(x509, X509_get_subject_name(x509)) != 1) {
    return OpensslError("making an authority");
  }
  BL_RETURN_IF_ERROR(AddExtension(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  BL_RETURN_IF_ERROR(AddExtension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign"));
  BL_RETURN_IF_ERROR(AddExtension(x509, x509, NID_subject_key_identifier, "hash"));
  if (X509_sign(x509, key, EVP_sha256()) <= 0) return OpensslError("signing an authority");
  return WriteCertificate(x509);
}

absl::Status Create(const std::string& folder, absl::Time now) {
  BL_ASSIGN_OR_RETURN(const std::string key_pem, NewKey());
  BL_ASSIGN_OR_RETURN(const UniqueKey key, ParseKey(key_pem));
  BL_ASSIGN_OR_RETURN(const std::string certificate, CreateCertificate(key.get(), now));
  // In a folder of its own until both are there: a coordinator that is killed in between leaves no half authority.
  namespace fs = std::filesystem;
  const std::string partial = folder + ".partial";
  std::error_code error;
  fs::remove_all(partial, error);
  fs::create_directories(partial, error);
  if (!error) fs::permissions(partial, fs::perms::owner_all, error);
  if (error) return FileError("making the folder", partial, error.value());
  BL_RETURN_IF_ERROR(WriteFileAtomically(KeyFile(partial), key_pem, 0600));
  BL_RETURN_IF_ERROR(WriteFileAtomically(CertificateFile(partial), certificate));
  BL_RETURN_IF_ERROR(SyncFolder(partial));
  fs::rename(partial, folder, error);
  if (error) return FileError("making the folder", folder, error.value());
  return SyncFolder(fs::path(folder).parent_path().string());
}

}  // namespace

absl::StatusOr<Authority> Authority::Load(const std::string& folder) {
  const absl::StatusOr<std::string> key = ReadFile(KeyFile(folder), kMaxFile);
  const absl::StatusOr<std::string> certificate = ReadFile(CertificateFile(folder), kMaxFile);
  const auto refused = [&](const absl::Status& status) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the authority in %s is damaged: %s; bring key.pem and certificate.pem back from a copy, "
        "or remove the folder: then there is a new authority, and everybody joins again",
        folder, std::string(status.message())));
  };
  if (absl::IsNotFound(key.status()) && absl::IsNotFound(certificate.status())) {
    return absl::NotFoundError(absl::StrFormat("there is no authority in %s", folder));
  }
  for (const absl::Status& status : {key.status(), certificate.status()}) {
    if (absl::IsNotFound(status)) return refused(status);
    BL_RETURN_IF_ERROR(status);
  }
  if (const absl::Status fits = CheckKey(*certificate, *key); !fits.ok()) return refused(fits);
  Authority authority;
  BL_ASSIGN_OR_RETURN(authority.key_, ParseKey(*key));
  BL_ASSIGN_OR_RETURN(authority.certificate_, ReadCertificate(*certificate));
  BL_ASSIGN_OR_RETURN(const Certificate parsed, ParseCertificate(*certificate));
  authority.certificate_pem_ = *certificate;
  authority.sha256_ = parsed.sha256;
  authority.not_after_ = parsed.not_after;
  return authority;
}

absl::StatusOr<Authority> Authority::LoadOrCreate(const std::string& folder, absl::Time now) {
  absl::StatusOr<Authority> authority = Load(folder);
  if (!absl::IsNotFound(authority.status())) return authority;
  BL_RETURN_IF_ERROR(Annotate(Create(folder, now), "making an authority"));
  return Load(folder);
}

absl::Duration LifeOf(const v1::Identity& identity) {
  const bool person =
      identity.role() == v1::Identity::USER || identity.role() == v1::Identity::OPERATOR;
  return person ? kPersonLife : kProgramLife;
}

absl::StatusOr<std::string> Authority::SignIdentity(const std::string& request,
                                                    const v1::Identity& identity,
                                                    absl::Time now) const {
  BL_RETURN_IF_ERROR(CheckIdentity(identity));
  return Sign(request, IdentityText(identity), "clientAuth",
              absl::StrCat("URI:", IdentityUri(identity)), now, LifeOf(identity));
}

absl::StatusOr<std::string> Authority::SignServer(const std::string& request,
                                                  const std::vector<std::string>& hosts,
                                                  absl::Time now) const {
  std::vector<std::string> entries;
  for (const std::string& host : hosts) {
    BL_ASSIGN_OR_RETURN(const std::string entry, HostEntry(host));
    if (std::find(entries.begin(), entries.end(), entry) == entries.end()) entries.push_back(entry);
  }
  if (entries.empty()) return absl::InvalidArgumentError("no host name, at least one is needed");
  return Sign(request, "Boardloop coordinator", "serverAuth", absl::StrJoin(entries, ","), now,
              kProgramLife);
}

absl::StatusOr<std::string> Authority::Sign(const std::string& request, const std::string& name,
                                            const std::string& usage,
                                            const std::string& alternative_names, absl::Time now,
                                            absl::Duration life) const {
  BL_ASSIGN_OR_RETURN(const UniqueKey key, ParseCertificateRequest(request));
  if (now >= not_after_) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the authority's certificate expired at ", absl::FormatTime(not_after_),
        ": remove its folder and start the coordinator; everybody joins again (docs/security.md)"));
  }
  BL_ASSIGN_OR_RETURN(
      const UniqueCertificate certificate,
      Begin(key.get(), name, now - kClockTolerance, std::min(now + life, not_after_)));
  X509* const x509 = certificate.get();
  X509* const issuer = certificate_.get();
  if (X509_set_issuer_name(x509, X509_get_subject_name(issuer)) != 1) {
    return OpensslError("making a certificate");
  }
  BL_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  BL_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_key_usage, "critical,digitalSignature"));
  BL_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_ext_key_usage, usage));
  BL_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_subject_alt_name, alternative_names));
  BL_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_authority_key_identifier, "keyid:always"));
  if (X509_sign(x509, key_.get(), EVP_sha256()) <= 0) return OpensslError("signing a certificate");
  return WriteCertificate(x509);
}

}  // namespace boardloop
