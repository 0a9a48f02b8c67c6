#include "worker/service/checkpoint_uploader.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxBytes = int64_t{8} << 30;  // As checkpoint.cc.

}  // namespace

CheckpointUploader::CheckpointUploader(std::string path, Callbacks callbacks)
    : path_(std::move(path)), callbacks_(std::move(callbacks)) {
  thread_ = std::thread([this] { Run(); });
}

CheckpointUploader::~CheckpointUploader() {
  {
    MutexLock lock(mu_);
    stop_ = true;
  }
  thread_.join();
}

void CheckpointUploader::FileWritten() {
  MutexLock lock(mu_);
  pending_ = true;
}

absl::Status CheckpointUploader::Flush() {
  MutexLock lock(mu_);
  mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return Idle(); });
  return last_;
}

void CheckpointUploader::Run() {
  while (true) {
    {
      MutexLock lock(mu_);
      mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return HasWork(); });
      if (stop_) return;
      pending_ = false;
      running_ = true;
    }
    const absl::Status status = Upload();
    MutexLock lock(mu_);
    running_ = false;
    last_ = status;
  }
}

absl::Status CheckpointUploader::Upload() {
  // Whole in memory: the run may replace the file meanwhile.
  BL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path_, kMaxBytes));
  const absl::StatusOr<std::string> name = callbacks_.write(bytes);
  if (name.ok()) {
    callbacks_.uploaded(*name);
  } else if (!absl::IsCancelled(name.status())) {
    callbacks_.log(absl::StrCat("checkpoint not uploaded, the next one will be tried: ",
                                std::string(name.status().message())));
  }
  return name.status();
}

}  // namespace boardloop
