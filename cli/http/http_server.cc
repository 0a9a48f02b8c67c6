#include "cli/http/http_server.h"

#include <sys/socket.h>

#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "cli/client/channel.h"
#include "core/base/status.h"
#include "httplib.h"

namespace boardloop {
namespace {

constexpr int kThreads = 2;
constexpr time_t kPatienceSeconds = 5;
constexpr size_t kMaxBody = 4096;  // Of a request; a GET has none.

// The library would share a port with another process, which then gets half of the calls.
void SetSocketOptions(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

class HttplibServer : public HttpServer {
 public:
  explicit HttplibServer(Handler handler) : handler_(std::move(handler)) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_socket_options(SetSocketOptions);
    server_.set_read_timeout(kPatienceSeconds);
    server_.set_write_timeout(kPatienceSeconds);
    // A connection that is kept open holds one of the threads.
    server_.set_keep_alive_max_count(1);
    server_.set_payload_max_length(kMaxBody);
    server_.Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
      const HttpAnswer answer = handler_(request.path);
      response.status = answer.status;
      response.set_content(answer.body, answer.type);
    });
  }

  ~HttplibServer() override {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Listen(const HostPort& at) {
    // The brackets of IPv6 are of addresses with ports only.
    const std::string host(absl::StripSuffix(absl::StripPrefix(at.host, "["), "]"));
    int port = at.port;
    if (port == 0) {
      port = server_.bind_to_any_port(host);
    } else if (!server_.bind_to_port(host, port)) {
      port = -1;
    }
    if (port <= 0) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s:%d cannot be listened on: is the port in use, or the address not of this machine?",
          at.host, at.port));
    }
    address_ = absl::StrCat(at.host, ":", port);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() does nothing before the loop runs.
    while (!server_.is_running()) std::this_thread::yield();
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }

 private:
  const Handler handler_;
  httplib::Server server_;
  std::string address_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                              Handler handler) {
  BL_ASSIGN_OR_RETURN(const HostPort at, ParseHostPort(address));
  auto server = std::make_unique<HttplibServer>(std::move(handler));
  BL_RETURN_IF_ERROR(server->Listen(at));
  return server;
}

}  // namespace boardloop
