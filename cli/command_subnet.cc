// boardloop subnet: makes a subnet file, as input for `analyze` and for searches.

#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/space/subnet.h"

namespace boardloop {
namespace {

struct SubnetFlags {
  std::string space = "mbv2-imagenet";
  double width_mult = 0;
  int32_t resolution = 0;
  std::optional<int32_t> classes;
  std::optional<int32_t> input_channels;
  uint64_t seed = 1;
  bool largest = false;
  bool smallest = false;
  bool text = false;
};

constexpr char kHelp[] = "Prints a subnet of a space: a random one, the largest or the smallest";

constexpr char kNotes[] =
    R"help(Examples:
  boardloop subnet --width 0.5 --resolution 80 --classes 2 --seed 3 > net.json
  boardloop analyze net.json --board stm32f412
  boardloop analyze "$(boardloop subnet --width 0.5 --resolution 144 --largest --text)"
)help";

absl::StatusOr<ExitCode> RunSubnet(const SubnetFlags& flags) {
  BL_ASSIGN_OR_RETURN(Space space, LoadSpace(flags.space));
  if (flags.classes) space.set_classes(*flags.classes);
  if (flags.input_channels) space.set_input_channels(*flags.input_channels);
  BL_RETURN_IF_ERROR(ValidateSpace(space));

  Random random(flags.seed);
  const Subnet subnet = flags.largest ? LargestSubnet(space, flags.width_mult, flags.resolution)
                        : flags.smallest
                            ? SmallestSubnet(space, flags.width_mult, flags.resolution)
                            : SampleSubnet(space, flags.width_mult, flags.resolution, random);
  BL_RETURN_IF_ERROR(ValidateSubnet(space, subnet, /*any_gene=*/false));
  std::string result = flags.text ? CanonicalText(subnet) : SubnetToJson(subnet);
  if (result.empty() || result.back() != '\n') result += '\n';
  BL_RETURN_IF_ERROR(WriteResults(result));
  return ExitCode::kOk;
}

}  // namespace

void AddSubnetCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("subnet", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<SubnetFlags>();
  command.add_option("--space", flags->space, "Preset or space file")
      ->type_name("NAME|FILE.json")
      ->capture_default_str();
  AddNumber(command, "--width", flags->width_mult, 0, 8, "Width multiplier")->required();
  AddInteger(command, "--resolution", flags->resolution, 8, 1024,
             "Input height and width in pixels")
      ->required()
      ->default_str("");
  AddInteger(command, "--classes", flags->classes, 1, 65536, "Classes instead of the space's");
  AddInteger(command, "--input-channels", flags->input_channels, 1, 64,
             "Input channels instead of the space's");
  AddSeed(command, flags->seed);
  CLI::Option* largest =
      command.add_flag("--largest", flags->largest, "The largest subnet instead of a random one");
  command.add_flag("--smallest", flags->smallest, "The smallest subnet instead of a random one")
      ->excludes(largest);
  command.add_flag("--text", flags->text, "Print the canonical text instead of JSON");
  command.callback([flags, &action] { action = [flags] { return RunSubnet(*flags); }; });
}

}  // namespace boardloop
