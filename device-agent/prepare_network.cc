#include "device-agent/measure_network.h"

#include "cli/load_network.h"
#include "cli/model_file.h"

namespace boardloop {

Measurement MeasureNetwork(Measurer& measurer, const std::string& network,
                           const MeasureOptions& options) {
  if (IsModelFile(network)) return measurer.MeasureFile(network, options);
  const absl::StatusOr<Model> model = LoadModel(network, /*space=*/"");
  Measurement measurement = model.ok() ? measurer.MeasureModel(*model, network, options)
                                       : measurer.Blank(network, options);
  measurement.random_weights = true;
  if (model.ok()) return measurement;
  measurement.outcome = Outcome::kInvalidModel;
  measurement.message = std::string(model.status().message());
  return measurement;
}

}  // namespace boardloop
