// The file that a download is written into, beside the one that it becomes.
//
// It is named by path and content, so that the next call, or the next process, goes on with it. Two that download the same to the same
// path at once write into two files: the second gets one that nobody will go on with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/client/artifact_download.h"
#include "core/base/sha256.h"
#include "core/base/unique_fd.h"

namespace boardloop {

class PartialDownload final : public DownloadTarget {
 public:
  // INVALID_ARGUMENT  there is something else than a regular file at `path`
  static absl::StatusOr<std::unique_ptr<PartialDownload>> Open(const std::string& path,
                                                               const std::string& sha256);

  // Of what was there.
  int64_t there_bytes() const { return there_bytes_; }
  Sha256 TakeContent() { return std::move(content_); }

  // RESOURCE_EXHAUSTED  the disk is full; the message has both figures
  absl::Status Append(std::string_view data, int64_t total_bytes) override;
  absl::Status Clear() override;

  // Makes it durable and gives it its name.
  absl::Status Publish();
  // The end of a download that failed: what is there stays when it is of use for another one.
  void Abandon(const absl::Status& why);

 private:
  PartialDownload(std::string path, std::string partial_path)
      : path_(std::move(path)), partial_path_(std::move(partial_path)) {}

  // Opens and locks the shared file. False: another download has it.
  absl::StatusOr<bool> OpenShared();
  absl::Status OpenOwn();

  const std::string path_;
  std::string partial_path_;
  bool own_ = false;  // Nobody can go on with it.
  UniqueFd file_;     // Locked as long as it is open.
  int64_t there_bytes_ = 0;
  int64_t bytes_ = 0;
  Sha256 content_;
};

}  // namespace boardloop
