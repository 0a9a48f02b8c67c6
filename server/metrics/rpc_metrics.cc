#include "server/metrics/rpc_metrics.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "google/protobuf/descriptor.h"

namespace boardloop {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;
using SteadyClock = std::chrono::steady_clock;

// With seven services, below 100 series.
const prometheus::Histogram::BucketBoundaries& Buckets() {
  static const auto& buckets = *new prometheus::Histogram::BucketBoundaries{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5};
  return buckets;
}

// A call that its caller gave up is no error. What no service of ours answers is counted as UNKNOWN.
constexpr std::pair<grpc::StatusCode, const char*> kCodes[] = {
    {grpc::StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT"},
    {grpc::StatusCode::DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"},
    {grpc::StatusCode::NOT_FOUND, "NOT_FOUND"},
    {grpc::StatusCode::ALREADY_EXISTS, "ALREADY_EXISTS"},
    {grpc::StatusCode::PERMISSION_DENIED, "PERMISSION_DENIED"},
    {grpc::StatusCode::UNAUTHENTICATED, "UNAUTHENTICATED"},
    {grpc::StatusCode::RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED"},
    {grpc::StatusCode::FAILED_PRECONDITION, "FAILED_PRECONDITION"},
    {grpc::StatusCode::ABORTED, "ABORTED"},
    {grpc::StatusCode::OUT_OF_RANGE, "OUT_OF_RANGE"},
    {grpc::StatusCode::INTERNAL, "INTERNAL"},
    {grpc::StatusCode::UNAVAILABLE, "UNAVAILABLE"},
    {grpc::StatusCode::DATA_LOSS, "DATA_LOSS"},
    {grpc::StatusCode::UNKNOWN, "UNKNOWN"},
};

const char* CodeName(grpc::StatusCode code) {
  for (const auto& [known, name] : kCodes) {
    if (known == code) return name;
  }
  return "UNKNOWN";
}

}  // namespace

// One call, from its first byte until its handler and its answer are done.
class RpcMetrics::Call : public grpc::experimental::Interceptor {
 public:
  Call(RpcMetrics& metrics, const Method& method)
      : metrics_(metrics), method_(method), start_(SteadyClock::now()) {
    method_.requests->Increment();
    if (method_.streams != nullptr) method_.streams->Increment();
  }
  ~Call() override {
    if (method_.streams != nullptr) method_.streams->Decrement();
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      metrics_.Ended(method_.service, methods->GetSendStatus().error_code());
      if (method_.seconds != nullptr) {
        method_.seconds->Observe(
            std::chrono::duration<double>(SteadyClock::now() - start_).count());
      }
    }
    methods->Proceed();
  }

 private:
  RpcMetrics& metrics_;
  const Method& method_;
  const SteadyClock::time_point start_;
};

class RpcMetrics::Factory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(RpcMetrics& metrics) : metrics_(metrics) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    const auto method = metrics_.methods_.find(info->method());
    return method == metrics_.methods_.end() ? nullptr : new Call(metrics_, method->second);
  }

 private:
  RpcMetrics& metrics_;
};

RpcMetrics::RpcMetrics(Metrics& metrics, const std::vector<std::string>& services)
    : requests_(metrics.AddCounters("rpc_requests_total", "Calls of the API that came.")),
      errors_(metrics.AddCounters("rpc_errors_total",
                                  "Calls of the API that were answered with an error.")),
      seconds_(metrics.AddHistograms("rpc_seconds",
                                     "From a call to its answer; streams are not in it.")),
      streams_(metrics.AddGauges("rpc_streams", "Streams that are open.")) {
  for (const std::string& full_name : services) {
    const google::protobuf::ServiceDescriptor* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(full_name);
    CHECK(service != nullptr) << "no service " << full_name;
    const std::string& name = service->name();
    prometheus::Histogram& seconds = seconds_.Add({{"service", name}}, Buckets());
    prometheus::Gauge& streams = streams_.Add({{"service", name}});
    for (const auto& entry : kCodes) errors_.Add({{"service", name}, {"code", entry.second}});
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service->method(i);
      const bool is_stream = method.client_streaming() || method.server_streaming();
      Method& counted = methods_[absl::StrCat("/", full_name, "/", method.name())];
      counted.service = name;
      counted.requests = &requests_.Add({{"method", absl::StrCat(name, "/", method.name())}});
      counted.seconds = is_stream ? nullptr : &seconds;
      counted.streams = is_stream ? &streams : nullptr;
    }
  }
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> RpcMetrics::Interceptors() {
  return std::make_unique<Factory>(*this);
}

void RpcMetrics::Ended(const std::string& service, grpc::StatusCode code) {
  if (code == grpc::StatusCode::OK || code == grpc::StatusCode::CANCELLED) return;
  errors_.Add({{"service", service}, {"code", CodeName(code)}}).Increment();
}

}  // namespace boardloop
