#include "cli/client/identity_renewal.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "boardloop/v1/security_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "core/base/status.h"
#include "core/identity/certificate.h"
#include "core/identity/identity_folder.h"
#include "core/identity/key.h"

namespace boardloop {
namespace {

constexpr absl::Duration kCall = absl::Seconds(15);
constexpr absl::Duration kAgain = absl::Minutes(1);
// The folder, and the clock, are looked at anew at least so often: both may be changed by others.
constexpr absl::Duration kLook = absl::Minutes(10);

absl::StatusOr<absl::Time> RenewalTimeOf(const std::string& folder) {
  BL_ASSIGN_OR_RETURN(const IdentityFiles files, ReadIdentity(folder));
  BL_ASSIGN_OR_RETURN(const Certificate certificate, ParseCertificate(files.certificate));
  return RenewalTime(certificate);
}

}  // namespace

absl::Status RenewIdentity(const std::shared_ptr<grpc::Channel>& channel,
                           const std::string& folder) {
  BL_ASSIGN_OR_RETURN(IdentityFiles files, ReadIdentity(folder));
  BL_ASSIGN_OR_RETURN(files.key, NewKey());
  v1::RenewCertificateRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_certificate_request(), MakeCertificateRequest(files.key));
  v1::RenewCertificateResponse response;
  grpc::ClientContext context;
  SetDeadline(context, kCall);
  const auto stub = v1::SecurityService::NewStub(channel);
  BL_RETURN_IF_ERROR(FromGrpc(stub->RenewCertificate(&context, request, &response), files.server));
  files.certificate = response.certificate();
  BL_RETURN_IF_ERROR(CheckKey(files.certificate, files.key));
  BL_RETURN_IF_ERROR(CheckIssuer(files.certificate, files.authority));
  return WriteIdentity(folder, files);
}

absl::Status RenewIfDue(const std::shared_ptr<grpc::Channel>& channel, const std::string& folder,
                        absl::Time now) {
  BL_ASSIGN_OR_RETURN(const absl::Time due, RenewalTimeOf(folder));
  return now < due ? absl::OkStatus() : RenewIdentity(channel, folder);
}

IdentityRenewal::IdentityRenewal(std::shared_ptr<grpc::Channel> channel, std::string folder,
                                 std::function<void(const std::string& line)> log)
    : channel_(std::move(channel)), folder_(std::move(folder)), log_(std::move(log)) {
  thread_ = std::thread([this] { Loop(); });
}

IdentityRenewal::~IdentityRenewal() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  thread_.join();
}

void IdentityRenewal::Loop() {
  std::string said;
  while (true) {
    const absl::Status renewed = RenewIfDue(channel_, folder_, absl::Now());
    absl::Duration wait = kAgain;
    std::string line;
    if (renewed.ok()) {
      wait = std::min(RenewalTimeOf(folder_).value_or(absl::Now()) - absl::Now(), kLook);
    } else {
      line = absl::StrCat("the identity is not renewed: ", std::string(renewed.message()));
    }
    if (line != said && !line.empty() && log_) log_(line);
    said = line;
    MutexLock lock(mu_);
    const bool stop = mu_.AwaitFor([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; },
                                   std::max(wait, absl::Seconds(1)));
    if (stop) return;
  }
}

}  // namespace boardloop
