#include "server/metrics/search_slots.h"

#include <algorithm>
#include <optional>

#include "core/base/status.h"

namespace boardloop {
namespace {

// More would not get a slot anyway, unless as many that have one are newer.
constexpr int32_t kMostRunning = 1000;

}  // namespace

SearchSlots::Slot* SearchSlots::Find(const std::string& name) {
  for (Slot& slot : slots_) {
    if (slot.name == name) return &slot;
  }
  return nullptr;
}

SearchSlots::Slot* SearchSlots::Free() {
  if (Slot* const unused = Find("")) return unused;
  Slot* first = nullptr;
  for (Slot& slot : slots_) {
    if (slot.ended > 0 && (first == nullptr || slot.ended < first->ended)) first = &slot;
  }
  return first;
}

std::vector<std::string> SearchSlots::Assign(const std::vector<std::string>& running,
                                             const std::vector<std::string>& ended) {
  const MutexLock lock(mu_);
  for (Slot& slot : slots_) {
    const bool runs = std::find(running.begin(), running.end(), slot.name) != running.end();
    if (!slot.name.empty() && !runs && slot.ended == 0) slot.ended = ++ends_;
  }
  for (const std::string& name : running) {
    if (Find(name) != nullptr) continue;
    Slot* const slot = Free();
    if (slot == nullptr) break;
    *slot = {name, 0};
  }
  std::vector<std::string> shown;
  const auto unused = std::count_if(slots_.begin(), slots_.end(),
                                    [](const Slot& slot) { return slot.name.empty(); });
  for (const std::string& name : ended) {
    if (static_cast<std::ptrdiff_t>(shown.size()) == unused) break;
    if (Find(name) == nullptr) shown.push_back(name);
  }
  for (auto name = shown.rbegin(); name != shown.rend(); ++name) *Find("") = {*name, ++ends_};

  std::vector<std::string> names;
  for (const Slot& slot : slots_) names.push_back(slot.name);
  return names;
}

absl::StatusOr<std::vector<std::string>> SearchSlots::Update(Store& store) {
  std::vector<std::string> running, ended;
  const absl::Status read = store.Read([&](Transaction& tx) -> absl::Status {
    Page page;
    page.limit = kMostRunning;
    BL_ASSIGN_OR_RETURN(const std::vector<Listed<v1::Search>> active,
                        tx.ListSearches(v1::Search::RUNNING, page));
    for (const Listed<v1::Search>& row : active) running.push_back(row.row.name());
    page.limit = kSlots;
    BL_ASSIGN_OR_RETURN(const std::vector<Listed<v1::Search>> newest,
                        tx.ListSearches(std::nullopt, page));
    for (const Listed<v1::Search>& row : newest) {
      if (row.row.state() != v1::Search::RUNNING) ended.push_back(row.row.name());
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  std::reverse(running.begin(), running.end());
  return Assign(running, ended);
}

}  // namespace boardloop
