#include "device-agent/virtual/front/remote_bitbang.h"

namespace boardloop::vboard {

bool RemoteBitbang::Feed(std::string* received, std::string* reply) {
  bool open = true;
  for (const char c : *received) {
    open = TakeCharacter(c, reply);
    if (!open) break;
  }
  received->clear();
  return open;
}

// Others than these switch a lamp, or are of newer protocols: without effect.
bool RemoteBitbang::TakeCharacter(char c, std::string* reply) {
  if (c >= '0' && c <= '7') {  // TCK, TMS, TDI
    const int wires = c - '0';
    const bool tck = (wires & 4) != 0;
    if (tck && !tck_) chain_.Clock((wires & 2) != 0, (wires & 1) != 0);
    tck_ = tck;
  } else if (c == 'R') {
    reply->push_back(chain_.tdo() ? '1' : '0');
  } else if (c >= 'r' && c <= 'u') {  // TRST, SRST
    const int lines = c - 'r';
    port_.board().SetResetPin((lines & 1) != 0);
    if (lines & 2) chain_.Reset();
  } else if (c == 'Q') {
    return false;
  }
  return true;
}

}  // namespace boardloop::vboard
