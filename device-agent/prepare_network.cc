#include "device-agent/prepare_network.h"

#include <utility>

#include "cli/load_network.h"
#include "cli/model_file.h"

namespace boardloop {

PreparedMeasurement PrepareNetwork(Preparer& preparer, const std::string& network,
                                   const MeasureOptions& options, const StepObserver& observer) {
  if (IsModelFile(network)) return preparer.PrepareFile(network, options, observer);
  absl::StatusOr<Model> model = LoadModel(network, /*space=*/"");
  const bool loaded = model.ok();
  PreparedMeasurement prepared =
      loaded ? preparer.Prepare(*std::move(model), network, options, observer)
             : preparer.Refuse(network, options, model.status());
  prepared.measurement.random_weights = loaded;
  return prepared;
}

}  // namespace boardloop
