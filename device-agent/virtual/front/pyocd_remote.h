// pyOCD's remote probe protocol, version 1: one JSON object per line, each answered by one.
//
// A request is {"id", "request", "arguments"}, an answer {"id", "status", "result" or "error"}.
// pyOCD clears no sticky error behind this protocol: the probe does.
#pragma once

#include <string>

#include "device-agent/virtual/debug_port.h"
#include "device-agent/virtual/front/front_end.h"
#include "nlohmann/json_fwd.hpp"

namespace boardloop::vboard {

class PyocdRemote : public FrontEnd {
 public:
  // `port` is not owned and must outlive the connection.
  explicit PyocdRemote(DebugPort& port) : port_(port) {}

  bool Feed(std::string* received, std::string* reply) override;

 private:
  // What a request comes to: a result, or a status other than 0 with its text.
  struct Outcome;
  class Arguments;

  Outcome Answer(const std::string& request, const Arguments& arguments);
  Outcome AnswerProbe(const std::string& request, const Arguments& arguments);
  Outcome AnswerDap(const std::string& request, const Arguments& arguments);
  Outcome AnswerMemory(const std::string& request, const Arguments& arguments);
  Outcome ReadProperty(const std::string& name) const;
  Outcome ReadBlock(uint32_t address, uint64_t count, int size);
  Outcome WriteBlock(uint32_t address, const nlohmann::json& values, int size);

  DebugPort& port_;
  bool reset_asserted_ = false;
  std::string protocol_;  // "SWD" or "JTAG" while connected.
};

}  // namespace boardloop::vboard
