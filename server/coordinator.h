// The coordinator: store, artifacts, scheduler, engine and API, made in their order and ended in the other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/http/http_server.h"
#include "core/base/clock.h"
#include "core/metrics/metrics.h"
#include "server/scheduler/scheduler.h"

namespace boardloop {

// Where a coordinator writes the address it serves at; what one that was killed left stays there.
std::string AddressFileIn(const std::string& state_folder);

class Coordinator {
 public:
  struct Options {
    std::string address = "127.0.0.1:7411";  // Port 0: any that is free.
    bool tls = false;                        // docs/security.md. Loopback alone needs none.
    std::vector<std::string> hostnames;      // Of its certificate, beside this machine's own.
    std::string state_folder;                // Database and artifacts; created if absent.
    int threads = 2;                         // For space optimization.
    Scheduler::Options scheduler;
    const Clock* clock = nullptr;  // Not owned; nullptr: the system's.
    Metrics* metrics = nullptr;    // Not owned; nullptr: none are shown.
  };

  // Serves from when it returns.
  //
  // INVALID_ARGUMENT     an address that is not HOST:PORT, a bad host name
  // FAILED_PRECONDITION  an address that is not loopback, without TLS; a port or a database in use, a database of a newer version, a
  //                      damaged authority, a read-only folder
  // RESOURCE_EXHAUSTED   the disk is full
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(const Options& options);
  // As Stop().
  ~Coordinator();

  const std::string& address() const { return address_; }

  // What people see beside the metrics (server/pages/pages.h). Thread-safe, not after Stop().
  HttpAnswer Page(const std::string& path);

  // Ends streams, answers what is under way, and stops.
  void Stop();

 private:
  class Parts;
  Coordinator();

  std::string address_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace boardloop
