#include "core/metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/metrics/metrics.h"

namespace boardloop {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

// 0 where there is no /proc.
double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;  // Pages.
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenFiles() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<double>(std::distance(begin(files), end(files)) - 1);  // Less the folder.
}

}  // namespace

std::function<void()> ProcessMetrics(prometheus::Registry& registry) {
  auto& cpu = prometheus::BuildCounter()
                  .Name("process_cpu_seconds_total")
                  .Help("CPU time of the process, user and system.")
                  .Register(registry)
                  .Add({});
  auto& memory = prometheus::BuildGauge()
                     .Name("process_resident_memory_bytes")
                     .Help("Memory of the process that is in RAM.")
                     .Register(registry)
                     .Add({});
  auto& files = prometheus::BuildGauge()
                    .Name("process_open_fds")
                    .Help("Open files and connections of the process.")
                    .Register(registry)
                    .Add({});
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  prometheus::BuildGauge()
      .Name("process_start_time_seconds")
      .Help("When the process began, in seconds since 1970.")
      .Register(registry)
      .Add({})
      .Set(std::chrono::duration<double>(now).count());
  return [&cpu, &memory, &files] {
    RaiseTo(cpu, CpuSeconds());
    memory.Set(ResidentBytes());
    files.Set(OpenFiles());
  };
}

}  // namespace boardloop
