#include "cli/client/explain.h"

#include <arpa/inet.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "cli/client/channel.h"
#include "cli/client/credentials.h"
#include "cli/client/tls_probe.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/identity/certificate.h"
#include "core/identity/openssl.h"

namespace boardloop {
namespace {

constexpr absl::Duration kProbe = absl::Seconds(3);

// "localhost, 127.0.0.1"
std::string HostsIn(const X509* certificate) {
  const UniqueNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> hosts;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    const ASN1_STRING* value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    const unsigned char* bytes = ASN1_STRING_get0_data(value);
    const int size = ASN1_STRING_length(value);
    char text[INET6_ADDRSTRLEN] = "";
    if (name->type == GEN_DNS) {
      hosts.push_back(
          Printable(std::string(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size))));
    } else if (inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text)) != nullptr &&
               (size == 4 || size == 16)) {
      hosts.emplace_back(text);
    }
  }
  return hosts.empty() ? "no host" : absl::StrJoin(hosts, ", ");
}

absl::Status ExplainTls(const TlsProbe& probe, const IdentityFiles& files,
                        const std::string& address, const std::string& folder) {
  if (probe.chain.empty() || !CheckIssuer(probe.chain[0], files.authority).ok()) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "the coordinator at %s has another authority than the identity in %s: where its state was "
        "made anew, join again (`boardloop join`); else somebody else answers there",
        address, folder));
  }
  BL_RETURN_IF_ERROR(CheckServerCertificate(probe.chain[0], address));
  if (probe.refusal.empty()) return absl::OkStatus();
  return absl::UnauthenticatedError(absl::StrFormat(
      "the coordinator at %s refuses the identity in %s (%s): its clock may be off, or its "
      "authority was made anew: then join again (`boardloop join`)",
      address, folder, probe.refusal));
}

}  // namespace

absl::Status CheckServerCertificate(const std::string& certificate, const std::string& address) {
  BL_ASSIGN_OR_RETURN(const Certificate parsed, ParseCertificate(certificate));
  BL_RETURN_IF_ERROR(CheckTime(parsed, absl::Now(),
                               absl::StrCat("the certificate of the coordinator at ", address)));
  BL_ASSIGN_OR_RETURN(const HostPort split, ParseHostPort(address));
  std::string host = split.host;
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  BL_ASSIGN_OR_RETURN(const UniqueCertificate x509, ReadCertificate(certificate));
  if (X509_check_ip_asc(x509.get(), host.c_str(), 0) == 1 ||
      X509_check_host(x509.get(), host.c_str(), host.size(), 0, nullptr) == 1) {
    return absl::OkStatus();
  }
  ForgetOpensslErrors();
  return absl::UnauthenticatedError(absl::StrFormat(
      "the certificate of the coordinator at %s is not for %s (it is for %s): `boardloop-server "
      "serve --hostname %s` makes it so",
      address, host, HostsIn(x509.get()), host));
}

absl::Status ExplainFailure(const absl::Status& status, const std::string& address,
                            const std::string& identity) {
  if (!absl::IsUnavailable(status)) return status;
  IdentityFiles files;
  if (!identity.empty()) {
    BL_RETURN_IF_ERROR(CheckUsable(identity, absl::Now()));
    BL_ASSIGN_OR_RETURN(files, ReadIdentity(identity));
  }
  const absl::StatusOr<TlsProbe> probe =
      ProbeTls(address, identity.empty() ? nullptr : &files, kProbe);
  if (!probe.ok()) return status;  // Nobody is there: what was said already.
  if (identity.empty()) {
    if (!probe->tls) return status;
    return absl::FailedPreconditionError(absl::StrFormat(
        "the coordinator at %s serves TLS, and there is no identity for it: `boardloop join %s "
        "TOKEN` makes one, --identity DIR names one",
        address, address));
  }
  if (!probe->tls) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the coordinator at %s serves without TLS, and the identity in %s is for "
                        "TLS: start it with "
                        "--tls, or use --identity none",
                        address, identity));
  }
  const absl::Status explained = ExplainTls(*probe, files, address, identity);
  return explained.ok() ? status : explained;
}

}  // namespace boardloop
