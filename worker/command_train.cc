// boardloop-worker train: a super-network from a data set.

#include <memory>
#include <string>

#include "core/base/status.h"
#include "worker/command.h"
#include "worker/flags.h"
#include "worker/training.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Trains a super-network: all subnets of a space in one set of weights";

constexpr char kNotes[] =
    R"(Subnets are trained by a recipe: mcunet (the largest first, then random ones), ofa (progressive
shrinking with distillation) or sandwich (largest, smallest and random ones in each step).

Accuracy is that of the validation split, held out from the training data; test data is not read.
A run that was stopped or killed goes on from its checkpoint when the same command is given again,
and on a CPU ends with the same bits.

Several processes train together when the usual variables name them (RANK, WORLD_SIZE, MASTER_ADDR,
MASTER_PORT), as torchrun sets them:
  torchrun --nproc-per-node 2 --no-python boardloop-worker train --preset cifar10 --data D --out s.blc

Examples:
  boardloop-worker train --out supernet.blc
  boardloop-worker train --preset standard --data images/ --resolution 28 --out supernet.blc
  boardloop-worker train --width 0.35 --recipe ofa --epochs 20 --log log.jsonl --out ofa.blc
)";

struct Flags {
  DataFlags data;
  TrainingFlags training;
  DeviceFlags device;
  RunFlags run;
};

absl::Status RunTrain(const Flags& flags) {
  v1::CheckpointHeader header;
  BL_RETURN_IF_ERROR(
      TrainingFromFlags(flags.training, *header.mutable_supernet(), *header.mutable_training()));
  v1::SupernetSpec& supernet = *header.mutable_supernet();
  BL_ASSIGN_OR_RETURN(*header.mutable_dataset(),
                      DatasetFromFlags(flags.data, supernet.resolution(), v1::DatasetSpec()));
  BL_ASSIGN_OR_RETURN(const TrainingData data,
                      LoadForTraining(header.dataset(), flags.device.threads, supernet));
  for (const std::string& name : data.train.classes) header.add_classes(name);
  header.set_train_samples(data.train.size());
  return TrainAndReport(header, data, Heritage(), flags.run, flags.device);
}

}  // namespace

void AddTrainCommand(CLI::App& program, WorkerAction& action) {
  CLI::App& command = *program.add_subcommand("train", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddRunFlags(command, flags->run);
  AddDeviceFlags(command, flags->device);
  AddDataFlags(command, flags->data);
  AddTrainingFlags(command, flags->training, /*single=*/false);
  command.callback([flags, &action] { action = [flags] { return RunTrain(*flags); }; });
}

}  // namespace boardloop
