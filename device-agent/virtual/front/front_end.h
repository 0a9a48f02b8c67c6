// A front-end: the state of one connection of a debugger, in the protocol it speaks.
#pragma once

#include <string>

namespace boardloop::vboard {

class FrontEnd {
 public:
  virtual ~FrontEnd() = default;

  // Takes the complete requests from the beginning of `received` and appends the replies to
  // `reply`. False: the connection is to be closed, after the reply.
  virtual bool Feed(std::string* received, std::string* reply) = 0;
};

}  // namespace boardloop::vboard
