#include "device-agent/virtual/mark_window.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace boardloop::vboard {
namespace {

uint32_t Acquire(const uint32_t& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
void Release(uint32_t& word, uint32_t value) { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }

}  // namespace

absl::StatusOr<std::unique_ptr<MarkWindow>> MarkWindow::Create(const bl_cycle_model& model) {
  UniqueFd fd(memfd_create("boardloop-cycle-record", MFD_CLOEXEC));
  if (!fd.ok() || ftruncate(fd.get(), sizeof(bl_cycle_record)) != 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot make the memory of the cycle record: ", std::strerror(errno)));
  }
  void* mapped =
      mmap(nullptr, sizeof(bl_cycle_record), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot map the cycle record: ", std::strerror(errno)));
  }
  auto* record = static_cast<bl_cycle_record*>(mapped);
  record->layout = BL_RECORD_LAYOUT;
  return std::unique_ptr<MarkWindow>(new MarkWindow(model, std::move(fd), record));
}

MarkWindow::MarkWindow(const bl_cycle_model& model, UniqueFd fd, bl_cycle_record* record)
    : model_(model), fd_(std::move(fd)), record_(record) {}

MarkWindow::~MarkWindow() { munmap(record_, sizeof(bl_cycle_record)); }

std::string MarkWindow::model_name() const {
  return absl::StrCat(model_.core == BL_MODEL_CORTEX_M7 ? "cortex-m7-modelled " : "cortex-m4-trm ",
                      BL_MODEL_VERSION);
}

bool MarkWindow::cleared() const {
  return Acquire(record_->clear_done) != Acquire(record_->clear_requested);
}

uint32_t MarkWindow::ReadWord(uint32_t address) const {
  const uint32_t offset = address - kAddress;
  if (offset >= kHeaderBytes) {
    const uint32_t word = (offset - kHeaderBytes) / 4;
    const uint32_t entry = word / 3;
    if (cleared() || entry >= Acquire(record_->entries)) return 0;
    const bl_mark& mark = record_->marks[entry];
    const uint32_t words[] = {mark.cycles, mark.instructions, mark.kind};
    return words[word % 3];
  }
  switch (offset / 4) {
    case 0:
      return kMagic;
    case 1:
      return kLayoutVersion;
    case 2:
      return BL_RECORD_CAPACITY;
    case 3:
      return cleared() ? 0 : Acquire(record_->entries);
    case 4:
      return cleared() ? 0 : Acquire(record_->dropped);
    case 5:
      return model_.core;
    case 6:
      return BL_MODEL_VERSION;
    case 7:
      return model_.refill;
    case 8:
      return model_.udiv;
    default:  // [9]: 1 once the model is validated on silicon.
      return 0;
  }
}

void MarkWindow::Clear() { Release(record_->clear_requested, record_->clear_requested + 1); }

void MarkWindow::HangAt(uint32_t mark) { Release(record_->hang_at, mark); }
void MarkWindow::AbortAt(uint32_t mark) { Release(record_->abort_at, mark); }
bool MarkWindow::hung() const { return Acquire(record_->hung) != 0; }

void MarkWindow::ForgetFaults() {
  Release(record_->hang_at, 0);
  Release(record_->abort_at, 0);
  Release(record_->hung, 0);
}

}  // namespace boardloop::vboard
