// Uploads the checkpoint of a training run beside the training, so that another worker can take over.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"

namespace boardloop {

class CheckpointUploader {
 public:
  struct Callbacks {
    std::function<absl::StatusOr<std::string>(const std::string& bytes)> write;
    // The file as it was when the upload began is stored as `name`. On the uploader's thread.
    std::function<void(const std::string& name)> uploaded;
    std::function<void(const std::string& line)> log;
  };

  // `path` is replaced, never changed in place.
  CheckpointUploader(std::string path, Callbacks callbacks);
  // Waits for the upload that runs, and begins none.
  ~CheckpointUploader();

  // There is a new file at the path. Returns at once; of several files only the newest is uploaded.
  void FileWritten();

  // Waits until the newest file is uploaded, and returns how that ended.
  absl::Status Flush();

 private:
  void Run();
  absl::Status Upload();
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stop_ || pending_; }
  bool Idle() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return !pending_ && !running_; }

  const std::string path_;
  const Callbacks callbacks_;
  mutable Mutex mu_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  bool pending_ ABSL_GUARDED_BY(mu_) = false;
  bool running_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status last_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace boardloop
