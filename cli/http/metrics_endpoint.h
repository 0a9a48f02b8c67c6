// Where a program shows its metrics: --metrics-listen, /metrics and /healthz, and the file with the address.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "cli/http/http_server.h"
#include "core/metrics/metrics.h"

namespace boardloop {

inline constexpr char kServerMetrics[] = "127.0.0.1:7412";
inline constexpr char kWorkerMetrics[] = "127.0.0.1:7413";
inline constexpr char kAgentMetrics[] = "127.0.0.1:7414";

// Where a program with this state folder writes the address of its metrics.
std::string MetricsAddressFileIn(const std::string& state_folder);

class MetricsEndpoint {
 public:
  struct Options {
    // HOST:PORT or "none", as the user asked; absent: `usual`, which may be in use.
    std::optional<std::string> asked;
    std::string usual;
    std::string state_folder;
    // Answers paths other than ours; may be empty.
    HttpServer::Handler pages;
    std::function<void(const std::string& line)> log;
  };

  // Serves from when it returns; `metrics` is not owned. Without metrics (none, or the usual address is in use, which is logged) it
  // has no address, and the file is gone.
  //
  // INVALID_ARGUMENT     what was asked for is no address
  // FAILED_PRECONDITION  what was asked for cannot be listened on
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(const Options& options,
                                                                Metrics& metrics);
  ~MetricsEndpoint();

  // Empty: none.
  const std::string& address() const { return address_; }

 private:
  MetricsEndpoint(std::unique_ptr<HttpServer> server, std::string file);

  std::unique_ptr<HttpServer> server_;
  const std::string file_;
  const std::string address_;
};

// For the operator: where the metrics are, if anywhere.
void LogAddress(const MetricsEndpoint& endpoint,
                const std::function<void(const std::string& line)>& log);

// The flag. `asked` is set when it is given.
void AddMetricsListen(CLI::App& command, std::optional<std::string>& asked,
                      const std::string& usual);

}  // namespace boardloop
