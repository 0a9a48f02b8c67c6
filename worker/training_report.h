// How a training run is shown: lines for people while it goes, JSON lines for machines.
#pragma once

#include <string>

#include "nlohmann/json.hpp"
#include "worker/torch/train_run.h"

namespace boardloop {

// "sandwich    412/1171  35 %  loss 1.213  rate 0.0871   2,140 images/s  1:12 left  top-1 ..."
std::string ReportLine(const TrainReport& report);

nlohmann::ordered_json ReportJson(const TrainReport& report);

}  // namespace boardloop
