// What a channel proves with who it is, and knows the coordinator by.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/identity/identity_folder.h"
#include "grpcpp/security/credentials.h"

namespace boardloop {

// Of an identity folder, for as long as they live: each new connection has what the folder has then, some seconds late.
std::shared_ptr<grpc::ChannelCredentials> FolderCredentials(const std::string& folder);

// Of PEM texts; without key and certificate the client is nobody.
std::shared_ptr<grpc::ChannelCredentials> TextCredentials(const std::string& authority,
                                                          const std::string& key = "",
                                                          const std::string& certificate = "");

// Whether a folder has an identity that can be used at `now`; the message says what to do.
//
// NOT_FOUND, INVALID_ARGUMENT  as ReadIdentity
// UNAUTHENTICATED              it has expired, or a clock is off
absl::Status CheckUsable(const std::string& folder, absl::Time now);

}  // namespace boardloop
