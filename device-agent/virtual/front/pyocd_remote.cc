#include "device-agent/virtual/front/pyocd_remote.h"

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "device-agent/virtual/uid.h"
#include "nlohmann/json.hpp"

namespace boardloop::vboard {
namespace {

using nlohmann::json;

// Statuses of the protocol (pyocd/probe/shared_probe_proxy and tcp_probe_server).
constexpr int kOk = 0, kProbeError = 1, kTransferFault = 12;
constexpr int kProtocolVersion = 1;
constexpr uint64_t kMaxBlock = 1 << 20;
// Outside flash and SRAM each element is a question to QEMU: 4096 of them take some 300 ms.
constexpr uint64_t kMaxRegisters = 4096;
// The object, its arguments, a list of values. Values are copied and written by recursion: a deep
// one would overflow the stack.
constexpr int kMaxDepth = 3;

// Discarded when it is no JSON, or nested too deep.
json ParseRequest(const std::string& line) {
  bool too_deep = false;
  const auto check = [&too_deep](int depth, json::parse_event_t event, const json& /*value*/) {
    const bool begins =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    too_deep = too_deep || (begins && depth >= kMaxDepth);
    return !too_deep;
  };
  json request = json::parse(line, check, /*allow_exceptions=*/false);
  return too_deep ? json(json::value_t::discarded) : request;
}

}  // namespace

struct PyocdRemote::Outcome {
  json result;
  int status = kOk;
  std::string error{};

  static Outcome Error(std::string text) { return {nullptr, kProbeError, std::move(text)}; }
  static Outcome TooMany(uint64_t count, uint64_t limit) {
    return Error(absl::StrFormat("a block of %d elements, here it has at most %d", count, limit));
  }
  static Outcome Fault(uint32_t address) {
    return {nullptr, kTransferFault, absl::StrFormat("no memory at 0x%08x", address)};
  }
};

// Arguments by position; what is missing or of another type is 0, "" or [].
class PyocdRemote::Arguments {
 public:
  explicit Arguments(const json& request)
      : values_(request.contains("arguments") ? request["arguments"] : json::array()) {}

  uint32_t Number(size_t index) const {
    const json& value = At(index);
    if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
    return value.is_number_integer() ? static_cast<uint32_t>(value.get<uint64_t>()) : 0;
  }
  std::string Text(size_t index) const {
    return At(index).is_string() ? At(index).get<std::string>() : "";
  }
  json List(size_t index) const { return At(index).is_array() ? At(index) : json::array(); }

 private:
  const json& At(size_t index) const {
    static const json kNothing;
    return values_.is_array() && index < values_.size() ? values_[index] : kNothing;
  }

  json values_;
};

bool PyocdRemote::Feed(std::string* received, std::string* reply) {
  size_t end = 0;
  while (reply->size() <= kEnoughReply && (end = received->find('\n')) != std::string::npos) {
    const json request = ParseRequest(received->substr(0, end));
    received->erase(0, end + 1);
    const bool valid =
        request.is_object() && request.contains("request") && request["request"].is_string();
    if (!valid) return false;
    const Outcome outcome = Answer(request["request"].get<std::string>(), Arguments(request));
    json answer = {{"id", request.value("id", json(nullptr))}, {"status", outcome.status}};
    if (outcome.status != kOk) {
      answer["error"] = outcome.error;
    } else if (!outcome.result.is_null()) {
      answer["result"] = outcome.result;
    }
    reply->append(answer.dump() + "\n");
  }
  return true;
}

PyocdRemote::Outcome PyocdRemote::Answer(const std::string& request, const Arguments& arguments) {
  Outcome outcome;
  if (request.starts_with("read_mem") || request.starts_with("write_mem") ||
      request.starts_with("read_block") || request.starts_with("write_block")) {
    outcome = AnswerMemory(request, arguments);
  } else if (request.ends_with("_dp") || request.find("_ap") != std::string::npos) {
    outcome = AnswerDap(request, arguments);
  } else {
    outcome = AnswerProbe(request, arguments);
  }
  if (port_.sticky_error()) {
    port_.Abort(0x1e);
    if (outcome.status == kOk) outcome = {nullptr, kTransferFault, "the access faulted"};
  }
  return outcome;
}

PyocdRemote::Outcome PyocdRemote::AnswerProbe(const std::string& request,
                                              const Arguments& arguments) {
  if (request == "hello") {
    if (arguments.Number(0) == kProtocolVersion) return {};
    return Outcome::Error(absl::StrFormat("protocol version %d, this probe speaks %d",
                                          arguments.Number(0), kProtocolVersion));
  }
  if (request == "readprop") return ReadProperty(arguments.Text(0));
  if (request == "connect") {
    protocol_ = arguments.Text(0) == "JTAG" ? "JTAG" : "SWD";
    return {};
  }
  if (request == "disconnect") {
    protocol_.clear();
    return {};
  }
  if (request == "reset") {
    port_.board().SetResetPin(true);
    port_.board().SetResetPin(false);
    return {};
  }
  if (request == "assert_reset") {
    reset_asserted_ = arguments.Number(0) != 0;
    port_.board().SetResetPin(reset_asserted_);
    return {};
  }
  if (request == "is_reset_asserted") return {reset_asserted_};
  if (request == "has_swo") return {false};
  for (const char* accepted :
       {"open", "close", "lock", "unlock", "swj_sequence", "set_clock", "flush"}) {
    if (request == accepted) return {};
  }
  return Outcome::Error("unknown request \"" + request + "\"");
}

PyocdRemote::Outcome PyocdRemote::ReadProperty(const std::string& name) const {
  if (name == "vendor_name") return {"Boardloop"};
  if (name == "product_name") return {port_.board().type().name};
  if (name == "unique_id") return {FormatUid(port_.board().uid())};
  if (name == "supported_wire_protocols") return {json::array({"DEFAULT", "SWD", "JTAG"})};
  if (name == "capabilities") return {json::array({"SWJ_SEQUENCE"})};
  if (name == "wire_protocol") return {protocol_.empty() ? json(nullptr) : json(protocol_)};
  return Outcome::Error("unknown property \"" + name + "\"");
}

PyocdRemote::Outcome PyocdRemote::AnswerDap(const std::string& request,
                                            const Arguments& arguments) {
  const uint32_t address = arguments.Number(0) & 12;
  if (request == "read_dp") return {port_.ReadDp(address)};
  if (request == "write_dp") {
    port_.WriteDp(address, arguments.Number(1), DebugPort::Wire::kSwd);
    return {};
  }
  if (request == "read_ap") return {port_.ReadAp(address)};
  if (request == "write_ap") {
    port_.WriteAp(address, arguments.Number(1));
    return {};
  }
  if (request == "read_ap_multiple") {
    const uint64_t count = arguments.Number(1);
    if (count > kMaxRegisters) return Outcome::TooMany(count, kMaxRegisters);
    json values = json::array();
    for (uint64_t i = 0; i < count && !port_.sticky_error(); ++i) {
      values.push_back(port_.ReadAp(address));
    }
    return {values};
  }
  if (request == "write_ap_multiple") {
    for (const json& value : arguments.List(1)) {
      if (value.is_number_integer() && !port_.sticky_error()) {
        port_.WriteAp(address, static_cast<uint32_t>(value.get<uint64_t>()));
      }
    }
    return {};
  }
  if (request == "get_memory_interface_for_ap") {
    // A handle for transfers of memory: without it pyOCD reads and writes word by word.
    const bool memory_port = arguments.Number(0) == 1 && arguments.Number(1) == 0;
    return memory_port ? Outcome{0} : Outcome{};
  }
  return Outcome::Error("unknown request \"" + request + "\"");
}

// Argument 0 is the handle of the memory interface; there is one.
PyocdRemote::Outcome PyocdRemote::AnswerMemory(const std::string& request,
                                               const Arguments& arguments) {
  const uint32_t address = arguments.Number(1);
  if (request == "read_mem") {
    const Outcome block = ReadBlock(address, 1, static_cast<int>(arguments.Number(2) / 8));
    return block.status == kOk ? Outcome{block.result[0]} : block;
  }
  if (request == "write_mem") {
    return WriteBlock(address, json::array({arguments.Number(2)}),
                      static_cast<int>(arguments.Number(3) / 8));
  }
  if (request == "read_block32") return ReadBlock(address, arguments.Number(2), 4);
  if (request == "read_block8") return ReadBlock(address, arguments.Number(2), 1);
  if (request == "write_block32") return WriteBlock(address, arguments.List(2), 4);
  if (request == "write_block8") return WriteBlock(address, arguments.List(2), 1);
  return Outcome::Error("unknown request \"" + request + "\"");
}

PyocdRemote::Outcome PyocdRemote::ReadBlock(uint32_t address, uint64_t count, int size) {
  if (size != 1 && size != 2 && size != 4) return Outcome::Error("size must be 8, 16 or 32 bits");
  const uint64_t limit = port_.board().HasMemory(address) ? kMaxBlock : kMaxRegisters;
  if (count > limit) return Outcome::TooMany(count, limit);
  json values = json::array();
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t value = 0;
    if (!port_.board().Read(address, size, &value)) return Outcome::Fault(address);
    values.push_back(value);
    address += static_cast<uint32_t>(size);
  }
  return {values};
}

PyocdRemote::Outcome PyocdRemote::WriteBlock(uint32_t address, const json& values, int size) {
  if (size != 1 && size != 2 && size != 4) return Outcome::Error("size must be 8, 16 or 32 bits");
  for (const json& value : values) {
    if (!value.is_number_integer()) return Outcome::Error("values must be integers");
    const auto word = static_cast<uint32_t>(value.get<uint64_t>());
    if (!port_.board().Write(address, size, word)) return Outcome::Fault(address);
    address += static_cast<uint32_t>(size);
  }
  return {};
}

}  // namespace boardloop::vboard
