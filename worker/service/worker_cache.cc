#include "worker/service/worker_cache.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "worker/data/layout.h"
#include "worker/service/task_outcome.h"
#include "worker/torch/torch_errors.h"

namespace boardloop {

WorkerCache::WorkerCache(Options options, DatasetAccess& datasets)
    : options_(options), datasets_(datasets) {}

WorkerCache::~WorkerCache() = default;

absl::StatusOr<v1::DatasetSpec> WorkerCache::Complete(const v1::DatasetSpec& spec,
                                                      const v1::SupernetSpec& supernet) {
  if (spec.path().empty()) return absl::InvalidArgumentError("the data set has no path");
  BL_RETURN_IF_ERROR(OfMember(datasets_.Check(spec.path())));
  v1::DatasetSpec complete = spec;
  if (spec.kind() == v1::DatasetSpec::KIND_UNSPECIFIED) {
    BL_ASSIGN_OR_RETURN(const v1::DatasetSpec::Kind kind, DetectLayout(spec.path()));
    complete.set_kind(kind);
  }
  if (spec.resolution() == 0) complete.set_resolution(supernet.resolution());
  if (spec.channels() == 0) complete.set_channels(supernet.input_channels());
  return CompleteSpec(complete);
}

namespace {

// There is a data set, and what its kind needs is not in it: so it is for everybody, or the search names another kind than it has.
absl::Status OfData(const absl::Status& status, const v1::DatasetSpec& spec) {
  if (!absl::IsNotFound(status)) return status;
  return absl::InvalidArgumentError(absl::StrFormat(
      "as %s: %s", v1::DatasetSpec::Kind_Name(spec.kind()), std::string(status.message())));
}

}  // namespace

absl::Status WorkerCache::ReadData(const v1::DatasetSpec& spec, const TaskContext& context) {
  LoadOptions options;
  options.threads = options_.threads;
  BL_ASSIGN_OR_RETURN(TrainingData data, LoadTrainingData(spec, options));
  if (data.skipped > 0) {
    context.log(absl::StrFormat("data set %s: left out %d broken files: %s", spec.path(),
                                data.skipped, absl::StrJoin(data.skipped_names, ", ")));
  }
  return CatchTorchErrors([&] {
    const at::Device& device = options_.device.device;
    data_ = std::make_unique<const LoadedData>(LoadedData{spec, DeviceData(data.train, device),
                                                          DeviceData(data.validation, device),
                                                          std::move(data.validation)});
    return absl::OkStatus();
  });
}

absl::StatusOr<const LoadedData*> WorkerCache::LoadData(const v1::DatasetSpec& spec,
                                                        const v1::SupernetSpec& supernet,
                                                        const TaskContext& context) {
  const absl::StatusOr<v1::DatasetSpec> complete = Complete(spec, supernet);
  if (!complete.ok()) {
    if (!IsOfTask(complete.status())) {
      datasets_.NoteFailure(spec.path(), complete.status());
    }
    return complete.status();
  }
  const std::string key = complete->SerializeAsString();
  if (data_ != nullptr && key == data_key_) return data_.get();
  data_.reset();  // First: two may not fit.
  const absl::Status read = OfData(ReadData(*complete, context), *complete);
  if (!read.ok()) {
    // What is wrong with the files themselves would be wrong again: the search ends with the reason.
    if (!IsOfTask(read)) datasets_.NoteFailure(spec.path(), read);
    return read;
  }
  data_key_ = key;
  return data_.get();
}

absl::StatusOr<LoadedSupernet> WorkerCache::LoadSupernet(const std::string& name,
                                                         const TaskContext& context) {
  if (supernet_ == nullptr || name != supernet_name_) {
    supernet_.reset();
    BL_ASSIGN_OR_RETURN(const std::string bytes, context.read(name));
    BL_RETURN_IF_ERROR(CatchTorchErrors([&]() -> absl::Status {
      BL_ASSIGN_OR_RETURN(Checkpoint checkpoint, ParseCheckpoint(bytes, name));
      absl::StatusOr<LoadedCheckpoint> loaded =
          PrepareCheckpoint(std::move(checkpoint), options_.device);
      if (!loaded.ok()) return Annotate(loaded.status(), name);
      supernet_ = std::make_unique<const LoadedCheckpoint>(*std::move(loaded));
      return absl::OkStatus();
    }));
    supernet_name_ = name;
  }
  const v1::CheckpointHeader& header = supernet_->checkpoint.header;
  BL_ASSIGN_OR_RETURN(const LoadedData* data,
                      LoadData(header.dataset(), header.supernet(), context));
  const absl::Status same =
      CheckClasses(*supernet_, data->validation_samples.classes, data->spec.path());
  if (!same.ok()) return OfMember(same);
  return LoadedSupernet{*supernet_, *data};
}

}  // namespace boardloop
