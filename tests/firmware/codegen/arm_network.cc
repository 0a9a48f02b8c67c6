#include "tests/firmware/codegen/arm_network.h"

#include <filesystem>
#include <map>
#include <sstream>

#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "firmware/codegen/emit_c.h"
#include "firmware/codegen/emit_resident.h"
#include "firmware/codegen/kernel_catalog.h"
#include "tests/firmware/codegen/compiled_network.h"

namespace boardloop {
namespace {

constexpr uint32_t kFence = 0x20300000;  // As network_main.c.
constexpr uint32_t kArenaBegin = 0x20200000;
constexpr uint32_t kTable = 0x21400000;
constexpr uint32_t kTableEnd = 0x21800000;
constexpr uint32_t kBlob = 0x21800000;

using Strings = std::vector<std::string>;

class ArmBuild {
 public:
  explicit ArmBuild(const EngineProgram& program)
      : program_(program), root_(std::filesystem::current_path().string()) {}

  // Adds the objects of the kernels and of the engine.
  absl::Status AddEngine() {
    BL_ASSIGN_OR_RETURN(std::vector<KernelObject> objects, ObjectsFor(program_.Kernels()));
    for (const std::string& source : EngineSources()) objects.push_back({"stage", source, {}, {}});
    for (const KernelObject& object : objects) {
      Strings flags;
      for (const std::string& define : object.defines) flags.push_back("-D" + define);
      BL_RETURN_IF_ERROR(Compile(root_ + "/" + object.source, flags, object.name + ".o"));
    }
    return absl::OkStatus();
  }

  absl::Status Compile(const std::string& source, const Strings& flags, const std::string& object) {
    Strings argv = Compiler();
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), {"-c", source, "-o", object});
    objects_.push_back(object);
    return RunIn(folder_.path(), argv).status();
  }

  absl::Status CompileMain(const Strings& flags) {
    return Compile(root_ + "/tests/firmware/codegen/network_main.c", flags, "main.o");
  }

  absl::Status Link(uint32_t arena_begin) {
    Strings argv = Compiler();
    argv.insert(argv.end(), objects_.begin(), objects_.end());
    argv.insert(argv.end(),
                {"-nostartfiles", "-T", root_ + "/tests/firmware/codegen/network.ld",
                 absl::StrFormat("-Wl,--defsym=ARENA_BEGIN=0x%x", arena_begin), "-o", "run.elf"});
    return RunIn(folder_.path(), argv).status();
  }

  absl::Status Write(const std::string& name, const std::string& content) {
    return WriteFileAtomically(folder_.File(name), content);
  }

  absl::StatusOr<std::map<std::string, uint32_t>> Symbols() const {
    BL_ASSIGN_OR_RETURN(const std::string text,
                        RunIn(folder_.path(), {"arm-none-eabi-nm", "run.elf"}));
    std::map<std::string, uint32_t> symbols;
    std::istringstream lines(text);
    for (std::string address, type, name; lines >> address >> type >> name;) {
      symbols[name] = static_cast<uint32_t>(std::stoul(address, nullptr, 16));
    }
    return symbols;
  }

  absl::StatusOr<std::vector<std::vector<int8_t>>> Run(
      const std::vector<std::vector<int8_t>>& inputs) {
    std::string bytes;
    for (const std::vector<int8_t>& input : inputs) bytes.append(input.begin(), input.end());
    BL_RETURN_IF_ERROR(Write("inputs.bin", bytes));
    BL_RETURN_IF_ERROR(
        RunIn(folder_.path(), {"qemu-system-arm", "-M", "mps2-an386", "-display", "none",
                               "-monitor", "none", "-serial", "none", "-semihosting-config",
                               "enable=on,target=native", "-kernel", "run.elf"})
            .status());
    BL_ASSIGN_OR_RETURN(const std::string all,
                        ReadFile(folder_.File("outputs.bin"), int64_t{1} << 24));
    if (all.size() != inputs.size() * program_.output_bytes) {
      return absl::InternalError(absl::StrFormat("%d bytes of output", all.size()));
    }
    std::vector<std::vector<int8_t>> outputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i * program_.output_bytes);
      outputs.emplace_back(begin, begin + program_.output_bytes);
    }
    return outputs;
  }

 private:
  Strings Compiler() const {
    return {"arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard",
            "-mfpu=fpv4-sp-d16", "-std=c11",        "-O2",     "-Wall",
            "-Wextra",           "-Werror",         "-I.",     "-I" + root_};
  }

  const EngineProgram& program_;
  const std::string root_;
  const TestFolder folder_;
  Strings objects_;
};

absl::Status BuildImage(const EngineProgram& program, ArmBuild& build) {
  const GeneratedSources sources = EmitC(program, {});
  BL_RETURN_IF_ERROR(build.Write("bl_model.h", sources.header));
  BL_RETURN_IF_ERROR(build.Write("bl_model.c", sources.source));
  BL_RETURN_IF_ERROR(build.Write("bl_model_constants.bin", sources.constants));
  BL_RETURN_IF_ERROR(build.Write("bl_model_constants.S", sources.constants_assembly));
  BL_RETURN_IF_ERROR(build.Compile("bl_model.c", {}, "model.o"));
  BL_RETURN_IF_ERROR(build.Compile("bl_model_constants.S", {}, "constants.o"));
  BL_RETURN_IF_ERROR(build.CompileMain({"-DNETWORK=(&bl_model)"}));
  return build.Link(kFence - static_cast<uint32_t>(program.region_bytes[0]));
}

// What the random bytes are replaced by: the calls' constants, laid out as EmitResident does.
std::string RealBlob(const EngineProgram& program) {
  std::string blob;
  for (const EngineStage& stage : program.stages) {
    for (const EngineCall& call : stage.calls) {
      if (call.weight_bytes == 0) continue;
      blob.resize((blob.size() + 3) / 4 * 4);
      const auto begin = program.constants.begin() + call.data;
      blob.append(begin, begin + call.data_bytes);
    }
  }
  return blob;
}

absl::Status BuildResident(const EngineProgram& program, ArmBuild& build) {
  std::string kept = "#include \"firmware/engine/engine.h\"\n";
  std::string names = "(const void*)bl_run_stages";
  for (const std::string& kernel : program.Kernels()) {
    kept += "void " + kernel + "(const void* params);\n";
    names += ", (const void*)" + kernel;
  }
  BL_RETURN_IF_ERROR(build.Write("kept.c", kept + "const void* const kept[] = {" + names + "};\n"));
  BL_RETURN_IF_ERROR(build.Compile("kept.c", {}, "kept.o"));
  BL_RETURN_IF_ERROR(build.CompileMain(
      {"-DRESIDENT", absl::StrFormat("-DTABLE=0x%x", kTable), absl::StrFormat("-DBLOB=0x%x", kBlob),
       absl::StrFormat("-DNETWORK=((const bl_network*)0x%x)", kTable)}));
  BL_RETURN_IF_ERROR(build.Link(kArenaBegin));
  const std::string blob = RealBlob(program);
  ResidentImage image;
  BL_ASSIGN_OR_RETURN(image.symbols, build.Symbols());
  image.constants_address = kBlob;
  image.constants_bytes = static_cast<int64_t>(blob.size());
  image.table_address = kTable;
  image.table_end = kTableEnd;
  image.region_begin = {kArenaBegin};
  image.region_end = {kFence};
  BL_ASSIGN_OR_RETURN(const ResidentProgram resident, EmitResident(program, image));
  if (resident.network_address != kTable) return absl::InternalError("the network is elsewhere");
  BL_RETURN_IF_ERROR(
      build.Write("table.bin", std::string(resident.bytes.begin(), resident.bytes.end())));
  return build.Write("blob.bin", blob);
}

}  // namespace

bool CanRunArm() {
  return RunIn(".", {"arm-none-eabi-gcc", "--version"}).ok() &&
         RunIn(".", {"qemu-system-arm", "--version"}).ok();
}

absl::StatusOr<std::vector<std::vector<int8_t>>> RunOnArm(
    const EngineProgram& program, ArmMode mode, const std::vector<std::vector<int8_t>>& inputs) {
  ArmBuild build(program);
  BL_RETURN_IF_ERROR(build.AddEngine());
  BL_RETURN_IF_ERROR(mode == ArmMode::kImage ? BuildImage(program, build)
                                             : BuildResident(program, build));
  return build.Run(inputs);
}

}  // namespace boardloop
