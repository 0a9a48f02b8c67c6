// A small HTTP server for what people and Prometheus look at: GET only, plain text and pages.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

struct HttpAnswer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpServer {
 public:
  // Called for every GET, on one of two threads, with the path of the request as it was decoded ("/metrics").
  using Handler = std::function<HttpAnswer(const std::string& path)>;

  // Serves from when it returns. Port 0: any.
  //
  // INVALID_ARGUMENT     `address` is not HOST:PORT
  // FAILED_PRECONDITION  it cannot be listened on; the message names it
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                           Handler handler);
  // Ends connections and waits for handlers.
  virtual ~HttpServer() = default;

  virtual const std::string& address() const = 0;  // "127.0.0.1:7412"

 protected:
  HttpServer() = default;
};

}  // namespace boardloop
