// boardloop-worker finetune: one subnet, alone, from the weights of its super-network.

#include <memory>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "worker/command.h"
#include "worker/flags.h"
#include "worker/supernet_file.h"
#include "worker/torch/recipe.h"
#include "worker/training.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Trains one subnet on, alone, from a super-network's weights";

constexpr char kNotes[] =
    R"(The subnet begins with its slice of the weights (or, with --from-scratch, with random ones) and learns
from the labels and, unless --no-teacher is given, from the answers of the super-network's largest subnet.

Examples:
  boardloop-worker finetune supernet.blc net.json --epochs 5 --out net.blc
  boardloop-worker finetune supernet.blc smallest --from-scratch --no-teacher --out alone.blc
)";

struct Flags {
  std::string checkpoint, subnet;
  bool from_scratch = false, no_teacher = false;
  DataFlags data;
  TrainingFlags training;
  DeviceFlags device;
  RunFlags run;
};

absl::StatusOr<v1::CheckpointHeader> HeaderOf(const LoadedCheckpoint& loaded, const Subnet& subnet,
                                              const Flags& flags) {
  v1::CheckpointHeader header = loaded.checkpoint.header;
  v1::SupernetSpec unused;
  BL_RETURN_IF_ERROR(TrainingFromFlags(flags.training, unused, *header.mutable_training()));
  header.mutable_training()->set_recipe(v1::TrainingSpec::SINGLE);
  header.set_subnet(CanonicalText(subnet));
  header.set_seconds(0);
  header.set_step(0);
  header.clear_tensors();
  BL_ASSIGN_OR_RETURN(
      *header.mutable_dataset(),
      DatasetFromFlags(flags.data, header.supernet().resolution(), header.dataset()));
  return header;
}

absl::Status RunFinetune(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const LoadedCheckpoint loaded,
                      LoadCheckpoint(flags.checkpoint, flags.device));
  BL_ASSIGN_OR_RETURN(const std::vector<Subnet> subnets,
                      ChooseSubnets(loaded, {flags.subnet}, /*random=*/0, /*seed=*/0));
  BL_ASSIGN_OR_RETURN(v1::CheckpointHeader header, HeaderOf(loaded, subnets[0], flags));
  BL_ASSIGN_OR_RETURN(const TrainingData data,
                      LoadCheckpointData(loaded, flags.data, flags.device.threads));
  header.set_train_samples(data.train.size());

  Heritage heritage;
  if (!flags.from_scratch) {
    BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(loaded.space(), subnets[0]));
    BL_ASSIGN_OR_RETURN(heritage.initial_weights, InheritedWeights(loaded, graph));
  }
  if (!flags.no_teacher) heritage.teacher = LargestAsTeacher(loaded);
  return TrainAndReport(header, data, heritage, flags.run, flags.device);
}

}  // namespace

void AddFinetuneCommand(CLI::App& program, WorkerAction& action) {
  CLI::App& command = *program.add_subcommand("finetune", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  flags->training.preset = "finetune";
  command.add_option("CHECKPOINT", flags->checkpoint, "Of a super-network")
      ->required()
      ->type_name("");
  command
      .add_option("SUBNET", flags->subnet, "A subnet file, a canonical text, largest or smallest")
      ->required()
      ->type_name("");
  command.add_flag("--from-scratch", flags->from_scratch, "Begin with random weights");
  command.add_flag("--no-teacher", flags->no_teacher, "Learn from the labels alone");
  AddRunFlags(command, flags->run);
  AddDeviceFlags(command, flags->device);
  AddDataFlags(command, flags->data);
  AddTrainingFlags(command, flags->training, /*single=*/true);
  command.callback([flags, &action] { action = [flags] { return RunFinetune(*flags); }; });
}

}  // namespace boardloop
