// What a local stack runs with, as `boardloop up` is asked for it and stack.json records it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/parallel.h"
#include "nlohmann/json.hpp"

namespace boardloop {

struct StackConfig {
  std::string listen = "127.0.0.1:7411";
  std::vector<std::string> virtual_boards = {"virtual-stm32f405:2"};  // TYPE:N, ascending.
  std::string bench;  // Bench file, beside the virtual boards; absolute; may be empty.
  int32_t threads = DefaultThreads();
  bool worker = true;
};

// The flags of an `up`. What is absent is as in the stack that runs, or the default where none does.
struct StackRequest {
  std::optional<std::string> listen;
  std::optional<std::vector<std::string>> virtual_boards;
  std::optional<std::string> bench;
  std::optional<int32_t> threads;
  std::optional<bool> worker;
};

// The request in the form of a StackConfig's fields; what could not be started is refused.
//
// INVALID_ARGUMENT  no address; no virtual boards, or a type of them twice
// NOT_FOUND         no such board type or bench file
absl::StatusOr<StackRequest> CheckedRequest(const StackRequest& request);

// `base` with what a checked request asks for.
StackConfig Merged(const StackConfig& base, const StackRequest& request);

// "--listen 127.0.0.1:7411 --virtual virtual-stm32f405:2 ...": what `up` would have to be told for it.
std::string ConfigText(const StackConfig& config);

// FAILED_PRECONDITION  `asked` is not what runs at `address` with `running`; the message has what differs of both. Port 0 is asked
//                      for by those who take any.
absl::Status CheckSame(const StackConfig& running, const std::string& address,
                       const StackConfig& asked);

// In stack.json. Fields that are missing or of another kind have their defaults.
nlohmann::ordered_json ConfigJson(const StackConfig& config);
StackConfig ConfigFromJson(const nlohmann::json& json);

}  // namespace boardloop
