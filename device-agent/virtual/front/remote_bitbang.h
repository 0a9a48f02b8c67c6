// OpenOCD's remote_bitbang protocol: one character per edge of a wire. It carries the JTAG signals
// and the two reset lines (OpenOCD 0.12 has no SWD over it).
#pragma once

#include <string>

#include "device-agent/virtual/front/front_end.h"
#include "device-agent/virtual/front/jtag_chain.h"

namespace boardloop::vboard {

class RemoteBitbang : public FrontEnd {
 public:
  // `port` is not owned and must outlive the connection.
  explicit RemoteBitbang(DebugPort& port) : port_(port), chain_(port) {}

  bool Feed(std::string* received, std::string* reply) override;

 private:
  bool TakeCharacter(char c, std::string* reply);

  DebugPort& port_;
  JtagChain chain_;
  bool tck_ = false;
};

}  // namespace boardloop::vboard
