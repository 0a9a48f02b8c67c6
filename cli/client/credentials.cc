#include "cli/client/credentials.h"

#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/identity/identity_name.h"
#include "grpc/support/log.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace boardloop {
namespace {

namespace tls = grpc::experimental;

// How often gRPC looks at the files: three small ones.
constexpr unsigned kLookSeconds = 5;

// gRPC writes each handshake that fails to standard error, in words that help nobody, and for each attempt again; ExplainFailure says it
// once. GRPC_VERBOSITY brings them back.
void QuietLibrary() {
  static const bool once = [] {
    if (std::getenv("GRPC_VERBOSITY") == nullptr) {
      gpr_set_log_function([](gpr_log_func_args* /*line*/) {});
    }
    return true;
  }();
  (void)once;
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(
    const std::shared_ptr<tls::CertificateProviderInterface>& provider, bool has_identity) {
  QuietLibrary();
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(provider);
  options.watch_root_certs();
  if (has_identity) options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(std::make_shared<tls::HostNameCertificateVerifier>());
  return tls::TlsCredentials(options);
}

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> FolderCredentials(const std::string& folder) {
  return Credentials(
      std::make_shared<tls::FileWatcherCertificateProvider>(
          KeyFileIn(folder), CertificateFileIn(folder), AuthorityFileIn(folder), kLookSeconds),
      true);
}

std::shared_ptr<grpc::ChannelCredentials> TextCredentials(const std::string& authority,
                                                          const std::string& key,
                                                          const std::string& certificate) {
  if (key.empty()) {
    return Credentials(std::make_shared<tls::StaticDataCertificateProvider>(authority), false);
  }
  const std::vector<tls::IdentityKeyCertPair> pairs = {{key, certificate}};
  return Credentials(std::make_shared<tls::StaticDataCertificateProvider>(authority, pairs), true);
}

absl::Status CheckUsable(const std::string& folder, absl::Time now) {
  BL_ASSIGN_OR_RETURN(const IdentityFiles files, ReadIdentity(folder));
  BL_ASSIGN_OR_RETURN(const Certificate certificate, ParseCertificate(files.certificate));
  if (!certificate.identity.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the certificate in %s is not that of an identity", folder));
  }
  absl::Status valid = CheckTime(
      certificate, now,
      absl::StrFormat("the identity %s in %s", IdentityText(*certificate.identity), folder));
  if (valid.ok() || now < certificate.not_before) return valid;
  return absl::UnauthenticatedError(absl::StrFormat("%s: `boardloop join %s TOKEN` makes a new one",
                                                    std::string(valid.message()), files.server));
}

}  // namespace boardloop
