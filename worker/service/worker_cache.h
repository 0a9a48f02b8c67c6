// What one task loads and the next one needs again: the last data set and the last super-network. A candidate then costs its
// own scoring only.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/data/dataset.h"
#include "worker/service/dataset_access.h"
#include "worker/service/task_context.h"
#include "worker/supernet_file.h"
#include "worker/torch/device_data.h"

namespace boardloop {

struct LoadedData {
  v1::DatasetSpec spec;  // Kind and shape filled in.
  DeviceData train, validation;
  Dataset validation_samples;
};

struct LoadedSupernet {
  const LoadedCheckpoint& loaded;
  const LoadedData& data;  // That it was trained on.
};

// Of one thread.
class WorkerCache {
 public:
  struct Options {
    ComputeDevice device;
    int threads = 1;
  };

  // `datasets` is not owned.
  WorkerCache(Options options, DatasetAccess& datasets);
  ~WorkerCache();

  const ComputeDevice& device() const { return options_.device; }
  int threads() const { return options_.threads; }

  // The training and validation splits of `spec` in the form that `supernet` takes; what the spec leaves open is filled in.
  // Valid until the next call.
  //
  // INVALID_ARGUMENT  a spec that cannot be, or a data set that is broken, of another kind, or too small
  // Others            of this machine: no such data set, not allowed, no memory; it is then not offered for a while
  absl::StatusOr<const LoadedData*> LoadData(const v1::DatasetSpec& spec,
                                             const v1::SupernetSpec& supernet,
                                             const TaskContext& context);

  // The checkpoint `artifacts/{sha256}` of a super-network, and the data set that it was trained on. Valid until the next
  // call.
  //
  // INVALID_ARGUMENT  not such a checkpoint
  // Others            as TaskContext::read and LoadData
  absl::StatusOr<LoadedSupernet> LoadSupernet(const std::string& name, const TaskContext& context);

 private:
  absl::StatusOr<v1::DatasetSpec> Complete(const v1::DatasetSpec& spec,
                                           const v1::SupernetSpec& supernet);
  absl::Status ReadData(const v1::DatasetSpec& spec, const TaskContext& context);

  const Options options_;
  DatasetAccess& datasets_;
  std::string data_key_;  // Of data_.
  std::unique_ptr<const LoadedData> data_;
  std::string supernet_name_;  // Of supernet_.
  std::unique_ptr<const LoadedCheckpoint> supernet_;
};

}  // namespace boardloop
