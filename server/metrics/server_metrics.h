// All metrics of the coordinator (docs/metrics.md): what is counted as it happens, and what is looked up when somebody asks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/metrics/metrics.h"
#include "server/metrics/farm_gauges.h"
#include "server/metrics/labels.h"
#include "server/metrics/rpc_metrics.h"
#include "server/metrics/search_gauges.h"
#include "server/metrics/search_metrics.h"
#include "server/metrics/search_slots.h"
#include "server/metrics/store_metrics.h"
#include "server/metrics/task_metrics.h"

namespace boardloop {

class ServerMetrics {
 public:
  // `metrics` and `clock` are not owned; `services` as RpcMetrics takes them.
  ServerMetrics(Metrics& metrics, const Clock& clock, const std::string& state_folder,
                const std::vector<std::string>& services);
  ~ServerMetrics() { Disconnect(); }

  // From now on each rendering looks things up there.
  void Connect(Store& store, SearchEngine& engine);
  // Nothing is looked up any more when it returns: store and engine may go, and `metrics` may outlive us.
  void Disconnect();

  TaskMetrics& tasks() { return tasks_; }
  SearchMetrics& searches() { return searches_; }
  StoreMetrics& store() { return store_; }
  RpcMetrics& rpc() { return rpc_; }
  SearchSlots& slots() { return slots_; }

 private:
  // What `metrics` keeps of us.
  struct Handle {
    Mutex mu;
    Store* store ABSL_GUARDED_BY(mu) = nullptr;  // nullptr: not connected, or no longer.
    SearchEngine* engine ABSL_GUARDED_BY(mu) = nullptr;
  };
  void LookUp(Store& store, SearchEngine& engine);

  const std::string state_folder_;
  BoundedLabel board_types_{kMaxBoardTypes};
  SearchSlots slots_;
  TaskMetrics tasks_;
  SearchMetrics searches_;
  StoreMetrics store_;
  RpcMetrics rpc_;
  SearchGauges search_gauges_;
  FarmGauges farm_gauges_;
  const std::shared_ptr<Handle> handle_ = std::make_shared<Handle>();
};

}  // namespace boardloop
