#include "server/metrics/server_metrics.h"

#include "glog/logging.h"

namespace boardloop {

ServerMetrics::ServerMetrics(Metrics& metrics, const Clock& clock, const std::string& state_folder,
                             const std::vector<std::string>& services)
    : state_folder_(state_folder),
      tasks_(metrics, board_types_),
      searches_(metrics),
      store_(metrics),
      rpc_(metrics, services),
      search_gauges_(metrics, clock, slots_),
      farm_gauges_(metrics, clock, board_types_) {
  metrics.AddSource([this, handle = handle_] {
    const MutexLock lock(handle->mu);
    if (handle->store != nullptr) LookUp(*handle->store, *handle->engine);
  });
}

void ServerMetrics::Disconnect() {
  const MutexLock lock(handle_->mu);
  handle_->store = nullptr;
}

void ServerMetrics::Connect(Store& store, SearchEngine& engine) {
  const MutexLock lock(handle_->mu);
  handle_->store = &store;
  handle_->engine = &engine;
}

// What cannot be looked up keeps its last value; the others are still right.
void ServerMetrics::LookUp(Store& store, SearchEngine& engine) {
  for (const absl::Status& status :
       {store_.LookUp(store, state_folder_), farm_gauges_.LookUp(store),
        search_gauges_.LookUp(store, engine)}) {
    if (!status.ok()) LOG(WARNING) << "metrics: " << status;
  }
}

}  // namespace boardloop
