#include "tests/firmware/engine/host_runner.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <vector>

#include "firmware/engine/kernels.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

const std::map<std::string, bl_kernel>& Kernels() {
#define BL_ENTRY(name) \
  { #name, name }
  static const auto* kernels = new std::map<std::string, bl_kernel>{
      BL_ENTRY(bl_conv_s8),
      BL_ENTRY(bl_conv_add_s8),
      BL_ENTRY(bl_depthwise_s8),
      BL_ENTRY(bl_fully_connected_s8),
      BL_ENTRY(bl_add_s8),
      BL_ENTRY(bl_add_broadcast_s8),
      BL_ENTRY(bl_add_constant_s8),
      BL_ENTRY(bl_mul_s8),
      BL_ENTRY(bl_mul_broadcast_s8),
      BL_ENTRY(bl_mul_constant_s8),
      BL_ENTRY(bl_table_s8),
      BL_ENTRY(bl_softmax_s8),
      BL_ENTRY(bl_average_pool_s8),
      BL_ENTRY(bl_max_pool_s8),
      BL_ENTRY(bl_mean_s8),
      BL_ENTRY(bl_pad_s8),
      BL_ENTRY(bl_copy_s8),
      BL_ENTRY(bl_concat_s8),
      BL_ENTRY(bl_concat_constant_s8),
      BL_ENTRY(bl_resize_nearest_s8),
  };
#undef BL_ENTRY
  return *kernels;
}

// Bytes that end where a page that cannot be accessed begins; 4-byte aligned if their number is.
class FencedBytes {
 public:
  explicit FencedBytes(const std::vector<uint8_t>& bytes) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    usable_ = (bytes.size() / page + 1) * page;
    size_ = usable_ + page;
    void* map = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PCHECK(map != MAP_FAILED);
    base_ = static_cast<uint8_t*>(map);
    PCHECK(mprotect(base_ + usable_, page, PROT_NONE) == 0);
    data_ = base_ + usable_ - bytes.size();
    if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
  }
  FencedBytes(const FencedBytes&) = delete;
  FencedBytes& operator=(const FencedBytes&) = delete;
  ~FencedBytes() { munmap(base_, size_); }

  void MakeReadOnly() { PCHECK(mprotect(base_, usable_, PROT_READ) == 0); }
  uint8_t* data() { return data_; }

 private:
  size_t usable_ = 0, size_ = 0;
  uint8_t* base_ = nullptr;
  uint8_t* data_ = nullptr;
};

std::vector<uint8_t> RoundedUp(std::vector<uint8_t> bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

void Append(const void* value, size_t size, std::vector<uint8_t>& bytes) {
  bytes.resize((bytes.size() + size - 1) / size * size);  // Natural alignment.
  const auto* begin = static_cast<const uint8_t*>(value);
  bytes.insert(bytes.end(), begin, begin + size);
}

// The parameter struct as this host lays it out.
std::vector<uint8_t> BuildParams(const PreparedCall& call, uint8_t* memory, uint8_t* data) {
  std::vector<uint8_t> bytes;
  for (const ParamWord& word : call.params) {
    const uint8_t* pointer = nullptr;
    switch (word.kind) {
      case ParamWord::Kind::kInteger: {
        const auto value = static_cast<int32_t>(word.value);
        Append(&value, sizeof(value), bytes);
        continue;
      }
      case ParamWord::Kind::kMemory:
        pointer = memory + word.value;
        break;
      case ParamWord::Kind::kData:
        pointer = data + word.value;
        break;
      case ParamWord::Kind::kNull:
        break;
    }
    Append(&pointer, sizeof(pointer), bytes);
  }
  return bytes;
}

const char* running_label = "";

void ReportFault(int signal) {
  const char text[] = "\nfault in ";
  if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) _exit(1);
  if (write(STDERR_FILENO, running_label, std::strlen(running_label)) < 0) _exit(1);
  if (write(STDERR_FILENO, "\n", 1) < 0) _exit(1);
  ::signal(signal, SIG_DFL);
  raise(signal);
}

}  // namespace

std::string RunOnHost(const KernelRun& run) {
  running_label = run.label.c_str();
  const auto segv = signal(SIGSEGV, ReportFault);
  const auto bus = signal(SIGBUS, ReportFault);
  FencedBytes memory(run.memory);
  for (const PreparedCall& call : run.calls) {
    const auto kernel = Kernels().find(call.kernel);
    if (kernel == Kernels().end()) return "no kernel " + call.kernel + " on the host";
    FencedBytes data(RoundedUp(call.data));
    data.MakeReadOnly();
    const std::vector<uint8_t> params = BuildParams(call, memory.data(), data.data());
    kernel->second(params.data());
  }
  signal(SIGSEGV, segv);
  signal(SIGBUS, bus);
  return Difference(run, memory.data());
}

}  // namespace boardloop
