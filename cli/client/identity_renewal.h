// A certificate lives for a day; whoever uses it renews it when half of that is over.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "grpcpp/channel.h"

namespace boardloop {

// Replaces key and certificate in the folder, by a call with those that it has. Statuses of the call, and as files fail.
absl::Status RenewIdentity(const std::shared_ptr<grpc::Channel>& channel,
                           const std::string& folder);

// The same where half of the certificate's life is over; OK where it is not.
absl::Status RenewIfDue(const std::shared_ptr<grpc::Channel>& channel, const std::string& folder,
                        absl::Time now);

// Renews as long as it lives, in a thread of its own. What fails is tried again every minute, and said once.
class IdentityRenewal {
 public:
  // `log` gets lines for people; may be empty.
  IdentityRenewal(std::shared_ptr<grpc::Channel> channel, std::string folder,
                  std::function<void(const std::string& line)> log);
  ~IdentityRenewal();
  IdentityRenewal(const IdentityRenewal&) = delete;
  IdentityRenewal& operator=(const IdentityRenewal&) = delete;

 private:
  void Loop();

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string folder_;
  const std::function<void(const std::string& line)> log_;
  Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace boardloop
