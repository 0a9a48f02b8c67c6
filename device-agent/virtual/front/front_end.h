// A front-end: the state of one connection of a debugger, in the protocol it speaks.
#pragma once

#include <cstddef>
#include <string>

namespace boardloop::vboard {

class FrontEnd {
 public:
  // Small requests can have large answers: many of them at once must not fill memory.
  static constexpr size_t kEnoughReply = 1 << 20;

  virtual ~FrontEnd() = default;

  // Takes complete requests from the beginning of `received` and appends the replies to `reply`.
  // It stops after the request that makes `reply` longer than kEnoughReply: send the reply, then
  // call again, until nothing more is taken. False: close the connection, after the reply.
  virtual bool Feed(std::string* received, std::string* reply) = 0;
};

}  // namespace boardloop::vboard
