#include "tests/support/fake_artifacts.h"

#include "absl/strings/str_cat.h"
#include "core/base/hash.h"

namespace boardloop {

absl::StatusOr<std::string> FakeArtifacts::Write(const std::string& bytes) {
  const std::string hash = HashBytes(bytes).Hex();
  std::string name = absl::StrCat("artifacts/", hash, hash);
  MutexLock lock(mu_);
  if (!failure_.ok()) return failure_;
  files_[name] = bytes;
  return name;
}

absl::StatusOr<std::string> FakeArtifacts::Read(const std::string& name) const {
  MutexLock lock(mu_);
  if (!failure_.ok()) return failure_;
  const auto found = files_.find(name);
  if (found == files_.end()) return absl::NotFoundError(absl::StrCat("no ", name));
  return found->second;
}

void FakeArtifacts::Fail(const absl::Status& status) {
  MutexLock lock(mu_);
  failure_ = status;
}

size_t FakeArtifacts::size() const {
  MutexLock lock(mu_);
  return files_.size();
}

}  // namespace boardloop
