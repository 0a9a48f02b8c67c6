#include "cli/http/metrics_endpoint.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kNone[] = "none";
constexpr char kTextFormat[] = "text/plain; version=0.0.4; charset=utf-8";

HttpAnswer Answer(Metrics& metrics, const HttpServer::Handler& pages, const std::string& path) {
  if (path == "/metrics") return {200, kTextFormat, metrics.Render()};
  if (path == "/healthz") return {200, "text/plain; charset=utf-8", "ok\n"};
  if (pages) return pages(path);
  return {404, "text/plain; charset=utf-8", "there are /metrics and /healthz\n"};
}

void Remove(const std::string& file) {
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
}

}  // namespace

std::string MetricsAddressFileIn(const std::string& state_folder) {
  return absl::StrCat(state_folder, "/metrics-address");
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<HttpServer> server, std::string file)
    : server_(std::move(server)),
      file_(std::move(file)),
      address_(server_ != nullptr ? server_->address() : "") {}

MetricsEndpoint::~MetricsEndpoint() {
  if (server_ != nullptr) Remove(file_);
}

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(const Options& options,
                                                                        Metrics& metrics) {
  const std::string file = MetricsAddressFileIn(options.state_folder);
  Remove(file);  // Of a process that was killed.
  const auto endpoint = [&](std::unique_ptr<HttpServer> server) {
    return std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint(std::move(server), file));
  };
  const std::string address = options.asked.value_or(options.usual);
  if (address == kNone) return endpoint(nullptr);
  auto server =
      HttpServer::Start(address, [&metrics, pages = options.pages](const std::string& path) {
        return Answer(metrics, pages, path);
      });
  if (!server.ok() && options.asked.has_value()) {
    return Annotate(server.status(), "--metrics-listen");
  }
  if (!server.ok()) {
    if (options.log) {
      options.log(
          absl::StrFormat("goes without metrics: %s (--metrics-listen takes another address)",
                          server.status().message()));
    }
    return endpoint(nullptr);
  }
  BL_RETURN_IF_ERROR(WriteFileAtomically(file, (*server)->address() + "\n"));
  return endpoint(*std::move(server));
}

void LogAddress(const MetricsEndpoint& endpoint,
                const std::function<void(const std::string& line)>& log) {
  if (endpoint.address().empty() || !log) return;
  log(absl::StrFormat("metrics at http://%s/metrics", endpoint.address()));
}

void AddMetricsListen(CLI::App& command, std::optional<std::string>& asked,
                      const std::string& usual) {
  command
      .add_option_function<std::string>(
          "--metrics-listen", [&asked](const std::string& address) { asked = address; },
          "Address of the metrics for Prometheus, port 0: any; or none")
      ->type_name("HOST:PORT|none")
      ->default_str(usual);
}

}  // namespace boardloop
