#include "worker/torch/c10d_group.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "worker/torch/torch_errors.h"

#ifdef BL_HAS_GLOO
#include "torch/csrc/distributed/c10d/ProcessGroupGloo.hpp"
#include "torch/csrc/distributed/c10d/TCPStore.hpp"
#endif
#ifdef BL_HAS_NCCL
#include "torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp"
#endif

namespace boardloop {
namespace {

struct Place {
  int rank = 0, size = 1;
  std::string address;
  int port = 0;
};

const char* Variable(const char* name) { return std::getenv(name); }

absl::StatusOr<int> NumberVariable(const char* name, int low, int high) {
  const char* text = Variable(name);
  if (text == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, " is not set, but another of RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT is"));
  }
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < low || value > high) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is \"", text, "\", must be a number in [", low, ", ", high, "]"));
  }
  return value;
}

// No variable: one process.
absl::StatusOr<Place> PlaceFromEnvironment() {
  Place place;
  bool any = false;
  for (const char* name : {"RANK", "WORLD_SIZE", "MASTER_PORT"}) any |= Variable(name) != nullptr;
  if (!any) return place;
  BL_ASSIGN_OR_RETURN(place.size, NumberVariable("WORLD_SIZE", 1, 1 << 16));
  BL_ASSIGN_OR_RETURN(place.rank, NumberVariable("RANK", 0, place.size - 1));
  if (place.size == 1) return place;
  BL_ASSIGN_OR_RETURN(place.port, NumberVariable("MASTER_PORT", 1, 65535));
  if (Variable("MASTER_ADDR") == nullptr) {
    return absl::InvalidArgumentError("MASTER_ADDR is not set, but WORLD_SIZE is");
  }
  place.address = Variable("MASTER_ADDR");
  return place;
}

#ifdef BL_HAS_GLOO

// LibTorch throws plain errors for everything that goes wrong between processes.
absl::Status PeerError(const absl::Status& status, const std::string& doing) {
  if (status.ok()) return status;
  const std::string message = absl::StrCat(doing, ": ", std::string(status.message()));
  if (message.find("imed out") != std::string::npos ||
      message.find("imeout") != std::string::npos) {
    return absl::DeadlineExceededError(message);
  }
  return absl::UnavailableError(message);
}

class C10dGroup : public ProcessGroup {
 public:
  C10dGroup(Place place, absl::Duration timeout)
      : place_(std::move(place)), timeout_(absl::ToInt64Milliseconds(timeout)) {}

  absl::Status Join(const at::Device& device) {
    return PeerError(CatchTorchErrors([&]() -> absl::Status {
                       OpenStore();
                       OpenBackend(device);
                       return absl::OkStatus();
                     }),
                     absl::StrCat("joining the ", place_.size, " processes at ", place_.address,
                                  ":", place_.port));
  }

  int rank() const override { return place_.rank; }
  int size() const override { return place_.size; }

  absl::Status Sum(at::Tensor& tensor) override {
    return PeerError(CatchTorchErrors([&]() -> absl::Status {
                       std::vector<at::Tensor> tensors = {tensor};
                       backend_->allreduce(tensors)->wait();
                       return absl::OkStatus();
                     }),
                     "adding up over processes");
  }

 private:
  void OpenStore() {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(place_.port);
    // torchrun's agent may have the store at that address already.
    const char* agent = Variable("TORCHELASTIC_USE_AGENT_STORE");
    options.isServer = place_.rank == 0 && !(agent != nullptr && std::string(agent) == "True");
    options.numWorkers = place_.size;
    options.waitWorkers = false;
    options.timeout = timeout_;
    store_ = c10::make_intrusive<c10d::TCPStore>(place_.address, options);
  }

  void OpenBackend(const at::Device& device) {
#ifdef BL_HAS_NCCL
    if (device.is_cuda()) {
      auto options = c10d::ProcessGroupNCCL::Options::create();
      options->timeout = timeout_;
      backend_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(store_, place_.rank, place_.size,
                                                             std::move(options));
      return;
    }
#else
    TORCH_CHECK(device.is_cpu(), "this LibTorch has no NCCL");
#endif
    auto options = c10d::ProcessGroupGloo::Options::create();
    options->timeout = timeout_;
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    options->threads = 2;
    backend_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store_, place_.rank, place_.size,
                                                           std::move(options));
  }

#if defined(BL_HAS_BACKEND)
  using Backend = c10d::Backend;
#else
  using Backend = c10d::ProcessGroup;  // Until LibTorch 1.13.
#endif

  Place place_;
  std::chrono::milliseconds timeout_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<Backend> backend_;
};

#endif  // BL_HAS_GLOO

}  // namespace

absl::StatusOr<int> LocalRank() {
  if (Variable("LOCAL_RANK") == nullptr) return 0;
  return NumberVariable("LOCAL_RANK", 0, 1 << 10);
}

absl::StatusOr<std::unique_ptr<ProcessGroup>> JoinProcessGroup(const at::Device& device,
                                                               absl::Duration timeout) {
  BL_ASSIGN_OR_RETURN(Place place, PlaceFromEnvironment());
  if (place.size == 1) return std::make_unique<SingleProcess>();
#ifdef BL_HAS_GLOO
  auto group = std::make_unique<C10dGroup>(std::move(place), timeout);
  BL_RETURN_IF_ERROR(group->Join(device));
  return group;
#else
  return absl::UnimplementedError(absl::StrCat(
      "WORLD_SIZE is ", place.size, ", but this build has no c10d: LibTorch lacks its headers"));
#endif
}

}  // namespace boardloop
