// A coordinator's TLS: its authority, its own certificate and the credentials it serves with.
//
// In the state folder: authority/ (core/identity/authority.h), and authority/server/, an identity folder with the server's own key and
// certificate, which gRPC reads anew when it changes. Connections that are open stay open.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/identity/authority.h"
#include "grpcpp/security/server_credentials.h"
#include "server/security/identities.h"

namespace boardloop {

// state/authority
std::string AuthorityFolderIn(const std::string& state_folder);

// Thread-safe but for Tick, which one thread calls.
class ServerTls {
 public:
  // Makes what the folder does not have. `hosts` are names that clients reach the server by, beside this machine's own name and the
  // loopback's. `store` and `clock` are not owned.
  //
  // INVALID_ARGUMENT     a host that is none
  // FAILED_PRECONDITION  a damaged or expired authority
  static absl::StatusOr<std::unique_ptr<ServerTls>> Create(const std::string& state_folder,
                                                           const std::vector<std::string>& hosts,
                                                           Store& store, const Clock& clock);

  // For one listening port.
  std::shared_ptr<grpc::ServerCredentials> MakeCredentials();

  // Renews the server's certificate at half of its life, and keeps who has called; to be called often.
  absl::Status Tick();

  const Authority& authority() const { return authority_; }
  Identities& identities() { return *identities_; }
  // The server's own identity folder.
  const std::string& folder() const { return folder_; }

 private:
  ServerTls(std::string folder, Authority authority, const Clock& clock)
      : folder_(std::move(folder)), authority_(std::move(authority)), clock_(clock) {}
  absl::Status Renew();

  const std::string folder_;  // authority/server
  const Authority authority_;
  const Clock& clock_;
  std::vector<std::string> hosts_;
  std::unique_ptr<Identities> identities_;
  absl::Time renewal_time_;
};

// This machine's name, where a certificate can have it, and the loopback's names.
std::vector<std::string> OwnHosts();

}  // namespace boardloop
