// A measurement as the message that the coordinator keeps.
#pragma once

#include <string>

#include "boardloop/v1/measurement.pb.h"
#include "device-agent/measure/measurement.h"

namespace boardloop {

// `board` is `boards/{board}`.
v1::Measurement ToProto(const Measurement& measurement, const std::string& board);

}  // namespace boardloop
