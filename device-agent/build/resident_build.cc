#include "device-agent/build/resident_build.h"

#include <utility>

#include "core/base/status.h"

namespace boardloop {

ResidentBuild::ResidentBuild(const BoardType& type, const Builder& builder)
    : type_(type), builder_(builder) {}

absl::StatusOr<std::shared_ptr<const FirmwareImage>> ResidentBuild::Get() {
  {
    MutexLock lock(mu_);
    mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !building_; });
    if (image_ != nullptr) return image_;
    building_ = true;
  }
  absl::StatusOr<FirmwareImage> built = builder_.BuildResident(type_);
  MutexLock lock(mu_);
  building_ = false;
  if (!built.ok()) return built.status();
  image_ = std::make_shared<const FirmwareImage>(*std::move(built));
  return image_;
}

}  // namespace boardloop
