// The self check: is everything installed, and is a board fit to be measured on?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "device-agent/build/builder.h"
#include "device-agent/measure/board.h"
#include "device-agent/measure/step.h"
#include "device-agent/measure/usb_probes.h"

namespace boardloop {

struct CheckItem {
  enum class Verdict { kGood, kAbsent, kBad };  // kAbsent: missing, and not always needed.
  std::string name;
  Verdict verdict = Verdict::kGood;
  std::string text;  // What was found; else what is wrong and what to do.
};

// Compiler, OpenOCD, QEMU, virtual board program, pyOCD.
std::vector<CheckItem> CheckTools();

// Permissions and serial numbers of the probes on USB.
std::vector<CheckItem> CheckUsb(const std::vector<UsbProbe>& probes);

struct BoardCheck {
  std::vector<CheckItem> items;
  // |cycles - those of the board's first good check| / those, of the same image; nullopt: not measured.
  std::optional<double> golden_drift;
};

// Connects and measures the golden model: a small network with seeded random weights. Good when its
// outputs are those of the reference and its cycles are in the band: plausible for the core, and
// within 0.5 % of what this board took for the same image before.
BoardCheck CheckBoard(Board& board, const Builder& builder, const StepObserver& observer);

bool AllGood(const std::vector<CheckItem>& items);  // None is bad.

}  // namespace boardloop
