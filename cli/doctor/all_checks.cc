// Which role needs what.

#include <utility>

#include "cli/doctor/agent_check.h"
#include "cli/doctor/coordinator_check.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/machine_checks.h"
#include "cli/doctor/program_checks.h"

namespace boardloop {
namespace {

using State = Finding::State;

constexpr int64_t kGiB = int64_t{1} << 30;
constexpr int64_t kWorkerMemory = 4 * kGiB, kOtherMemory = 1 * kGiB;

constexpr char kNewAddress[] = "--listen";
constexpr char kNewMetrics[] = "--metrics-listen";

class Checks {
 public:
  template <typename Kind, typename... Arguments>
  void Add(std::set<Role> roles, Arguments&&... arguments) {
    all_.push_back(
        {std::move(roles), std::make_unique<Kind>(std::forward<Arguments>(arguments)...)});
  }
  std::vector<RoleCheck> Take() { return std::move(all_); }

 private:
  std::vector<RoleCheck> all_;
};

ToolCheck::Options Gnuplot() {
  ToolCheck::Options tool;
  tool.name = "gnuplot";
  tool.commands = {{"gnuplot", "--version"}};
  tool.why = "pictures (--plot, overview) need it";
  tool.packages = "gnuplot-nox";
  return tool;
}

ToolCheck::Options QemuPlugins() {
  ToolCheck::Options tool;
  tool.name = "QEMU plugins";
  tool.commands = {{"qemu-system-arm", "--help"}};
  tool.why = "virtual boards count cycles with one";
  tool.packages = "qemu-system-arm";
  tool.needs = "-plugin ";
  tool.needs_name = "support for plugins";
  return tool;
}

ToolCheck::Options Gpu() {
  ToolCheck::Options tool;
  tool.name = "GPU";
  tool.commands = {
      {"nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"}};
  tool.why = "without one, training runs on the processors";
  tool.fix = "with a GPU: install NVIDIA's driver, and a LibTorch with CUDA (worker/README.md)";
  return tool;
}

ToolCheck::Options Prometheus() {
  ToolCheck::Options tool;
  tool.name = "Prometheus";
  tool.commands = {{"prometheus", "--version"}};
  tool.why = "it keeps metrics; it may run on another machine, or in a container";
  tool.packages = "prometheus";
  return tool;
}

ToolCheck::Options Grafana() {
  ToolCheck::Options tool;
  tool.name = "Grafana";
  tool.commands = {{"grafana", "--version"}, {"grafana-server", "-v"}};
  tool.why = "it draws metrics; it may run on another machine, or in a container";
  tool.fix = "from Grafana's own package or container image: no distribution has it";
  return tool;
}

// The engine, not its client alone: that is the one which runs nothing without permission.
ToolCheck::Options ContainerEngine() {
  ToolCheck::Options tool;
  tool.name = "containers";
  tool.commands = {{"docker", "version", "--format", "Docker {{.Server.Version}}"},
                   {"podman", "version", "--format", "Podman {{.Client.Version}}"}};
  tool.absent = State::kMissing;
  tool.why = "images are run by Docker or Podman";
  tool.packages = "docker.io";
  tool.start_fix =
      "sudo systemctl start docker; for another user than root also `sudo usermod --append "
      "--groups "
      "docker USER`, and log in again";
  return tool;
}

ToolCheck::Options Compose() {
  ToolCheck::Options tool;
  tool.name = "compose";
  tool.commands = {{"docker", "compose", "version"}};
  tool.why = "Docker's plugin compose 2 starts all images together";
  tool.fix = "Docker's package docker-compose-plugin, or Ubuntu's docker-compose-v2";
  return tool;
}

ToolCheck::Options Kubernetes(const std::string& program, const std::string& version) {
  ToolCheck::Options tool;
  tool.name = program;
  tool.commands = {version == "--client" ? std::vector<std::string>{program, "version", version}
                                         : std::vector<std::string>{program, version}};
  tool.why = "for a Kubernetes cluster";
  tool.fix = "from the Kubernetes project";
  return tool;
}

}  // namespace

std::vector<RoleCheck> AllChecks(const std::string& version, const Target& coordinator) {
  constexpr Role kUser = Role::kUser, kWorker = Role::kWorker, kAgent = Role::kAgent,
                 kServer = Role::kServer, kContainers = Role::kContainers;
  Checks checks;
  checks.Add<OwnProgramCheck>({kServer}, "boardloop-server", version);
  checks.Add<OwnProgramCheck>({kWorker}, "boardloop-worker", version);
  checks.Add<OwnProgramCheck>({kAgent}, "boardloop-agent", version);
  checks.Add<AgentCheck>({kAgent});
  checks.Add<ToolCheck>({kAgent}, QemuPlugins());
  checks.Add<ToolCheck>({kContainers}, ContainerEngine());
  checks.Add<ToolCheck>({kContainers}, Compose());
  checks.Add<ToolCheck>({kContainers}, Kubernetes("kubectl", "--client"));
  checks.Add<ToolCheck>({kContainers}, Kubernetes("helm", "version"));
  checks.Add<ToolCheck>({kWorker}, Gpu());
  checks.Add<DatasetCheck>({kWorker});
  checks.Add<ToolCheck>({kUser}, Gnuplot());
  checks.Add<SizeCheck>({kWorker}, kWorkerMemory);
  checks.Add<SizeCheck>({kServer, kAgent, kContainers}, kOtherMemory);
  checks.Add<ClockCheck>({kUser, kWorker, kAgent, kServer, kContainers});
  checks.Add<StateFolderCheck>({kServer}, "server", /*has_database=*/true);
  checks.Add<StateFolderCheck>({kWorker}, "worker", /*has_database=*/false);
  checks.Add<StateFolderCheck>({kAgent}, "", /*has_database=*/false);
  checks.Add<PortCheck>({kServer, kContainers}, 7411, "the coordinator", kNewAddress, true);
  checks.Add<PortCheck>({kServer, kContainers}, 7412, "the coordinator's metrics and pages",
                        kNewMetrics, false);
  checks.Add<PortCheck>({kWorker, kContainers}, 7413, "a worker's metrics", kNewMetrics, false);
  checks.Add<PortCheck>({kAgent, kContainers}, 7414, "an agent's metrics", kNewMetrics, false);
  checks.Add<ToolCheck>({kServer}, Prometheus());
  checks.Add<ToolCheck>({kServer}, Grafana());
  checks.Add<CoordinatorCheck>({kUser, kWorker, kAgent}, coordinator, version);
  return checks.Take();
}

}  // namespace boardloop
