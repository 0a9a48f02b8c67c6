// Where each kernel's code is: what to compile for a program, and what the resident image holds.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "firmware/codegen/lowering.h"

namespace boardloop {

// One object file: one source compiled with constants. An object may hold several kernels.
struct KernelObject {
  std::string name;                  // Unique; the object's file name: "depthwise_k3s1_dsp".
  std::string source;                // From the root: "firmware/engine/dsp/depthwise.S".
  std::vector<std::string> defines;  // "KERNEL_SIZE=3"
  std::vector<std::string> kernels;  // Functions it defines that LoweredCall::kernel may name.
  KernelSet set = KernelSet::kPortable;
};

// All kernels of the engine; objects of kPortable may be needed by a kDsp program too.
const std::vector<KernelObject>& KernelCatalog();

// Sources that every program needs beside its kernels ("firmware/engine/stage.c").
const std::vector<std::string>& EngineSources();

// The objects that define `kernels`, each once, in the catalog's order.
//
// INTERNAL  a kernel that no object defines
absl::StatusOr<std::vector<KernelObject>> ObjectsFor(const std::vector<std::string>& kernels);

// ---- The catalog's parts, beside the lowering that uses them.
const std::vector<KernelObject>& PortableKernelObjects();
const std::vector<KernelObject>& DspKernelObjects();

}  // namespace boardloop
