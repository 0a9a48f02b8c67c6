#include "server/security/server_tls.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/identity/certificate.h"
#include "core/identity/identity_folder.h"
#include "core/identity/key.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "server/security/call_check.h"

namespace boardloop {
namespace {

// How often gRPC looks at the files: three small ones.
constexpr unsigned kLookSeconds = 1;

}  // namespace

std::string AuthorityFolderIn(const std::string& state_folder) {
  return state_folder + "/authority";
}

std::vector<std::string> OwnHosts() {
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"};
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  if (*host != '\0') hosts.emplace_back(host);
  return hosts;
}

absl::StatusOr<std::unique_ptr<ServerTls>> ServerTls::Create(const std::string& state_folder,
                                                             const std::vector<std::string>& hosts,
                                                             Store& store, const Clock& clock) {
  const std::string folder = AuthorityFolderIn(state_folder);
  BL_ASSIGN_OR_RETURN(Authority authority, Authority::LoadOrCreate(folder, clock.Now()));
  std::unique_ptr<ServerTls> tls(new ServerTls(folder + "/server", std::move(authority), clock));
  tls->hosts_ = hosts;
  BL_ASSIGN_OR_RETURN(tls->identities_, Identities::Load(store));
  // The names may be others than those of an earlier start.
  BL_RETURN_IF_ERROR(tls->Renew());
  return tls;
}

absl::Status ServerTls::Renew() {
  IdentityFiles files;
  BL_ASSIGN_OR_RETURN(files.key, NewKey());
  BL_ASSIGN_OR_RETURN(const std::string request, MakeCertificateRequest(files.key));
  std::vector<std::string> hosts = hosts_;
  for (const std::string& host : OwnHosts()) {
    // A machine may have a name that no certificate takes ("my_box").
    if (authority_.SignServer(request, {host}, clock_.Now()).ok()) hosts.push_back(host);
  }
  BL_ASSIGN_OR_RETURN(const std::string own, authority_.SignServer(request, hosts, clock_.Now()));
  // With the authority's behind it: who joins finds there what its token speaks of.
  files.certificate = absl::StrCat(own, authority_.certificate());
  files.authority = authority_.certificate();
  files.server = "none";
  BL_RETURN_IF_ERROR(WriteIdentity(folder_, files));
  BL_ASSIGN_OR_RETURN(const Certificate certificate, ParseCertificate(own));
  renewal_time_ = RenewalTime(certificate);
  return absl::OkStatus();
}

absl::Status ServerTls::Tick() {
  absl::Status kept = Annotate(identities_->Keep(), "noting who has called");
  if (clock_.Now() < renewal_time_) return kept;
  absl::Status renewed = Annotate(Renew(), "renewing the coordinator's certificate");
  return renewed.ok() ? kept : renewed;
}

std::shared_ptr<grpc::ServerCredentials> ServerTls::MakeCredentials() {
  namespace tls = grpc::experimental;
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::FileWatcherCertificateProvider>(
      KeyFileIn(folder_), CertificateFileIn(folder_), AuthorityFileIn(folder_), kLookSeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  // Who joins, and health checks, have no certificate: CallCheck refuses the others.
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  std::shared_ptr<grpc::ServerCredentials> credentials = tls::TlsServerCredentials(options);
  credentials->SetAuthMetadataProcessor(std::make_shared<CallCheck>(*identities_, clock_));
  return credentials;
}

}  // namespace boardloop
