// Counts calls of the API, by an interceptor around every handler.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/metrics/metrics.h"
#include "grpcpp/support/server_interceptor.h"
#include "grpcpp/support/status.h"

namespace boardloop {

// Thread-safe.
class RpcMetrics {
 public:
  // `services` are full names, "boardloop.v1.SearchService"; their methods come from their descriptors. `metrics` is not owned.
  RpcMetrics(Metrics& metrics, const std::vector<std::string>& services);

  // For grpc::ServerBuilder. We outlive the server. Calls of other services are not counted.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> Interceptors();

 private:
  class Call;
  class Factory;
  struct Method {
    std::string service;
    prometheus::Counter* requests = nullptr;
    prometheus::Histogram* seconds = nullptr;  // nullptr: of a stream.
    prometheus::Gauge* streams = nullptr;
  };

  void Ended(const std::string& service, grpc::StatusCode code);

  Counters& requests_;
  Counters& errors_;
  Histograms& seconds_;
  Gauges& streams_;
  std::map<std::string, Method> methods_;  // By path: "/boardloop.v1.SearchService/GetSearch".
};

}  // namespace boardloop
