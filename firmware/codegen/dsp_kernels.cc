// The ARMv7E-M kernels: one source per family, one object per variant.
#include <string>

#include "absl/strings/str_cat.h"
#include "firmware/codegen/kernel_catalog.h"
#include "firmware/codegen/lower_dsp_poly.h"

namespace boardloop {
namespace {

std::string Flag(const char* name, int value) {
  return std::string(name) + "=" + std::to_string(value);
}

KernelObject Convolution(const std::string& name, bool window, int add, bool general,
                         bool relu = false) {
  const std::string kernel = "bl_" + name + "_s8_dsp";
  return {name + "_dsp",
          "firmware/engine/dsp/convolution.S",
          {"KERNEL=" + kernel, Flag("WINDOW", window), Flag("ADD", add), Flag("GENERAL", general),
           Flag("RELU", relu)},
          {kernel},
          KernelSet::kDsp};
}

// Names as lower_dsp_convolution.cc gives them.
void AddConvolutions(std::vector<KernelObject>& objects) {
  constexpr const char* kAdds[] = {"", "_add_narrow", "_add_wide"};
  for (bool window : {false, true}) {
    objects.push_back(
        Convolution(window ? "convolution_relu" : "pointwise_relu", window, 0, false, true));
    for (int add = 0; add < 3; ++add) {
      for (bool general : {false, true}) {
        const std::string name = std::string(window ? "convolution" : "pointwise") + kAdds[add] +
                                 (general ? "_general" : "");
        objects.push_back(Convolution(name, window, add, general));
      }
    }
  }
}

// A depthwise kernel's variants. Names as lower_dsp_depthwise.cc gives them.
void AddDepthwiseVariants(const std::string& shape, const char* source,
                          const std::vector<std::string>& flags,
                          std::vector<KernelObject>& objects) {
  for (const std::string variant : {"", "_clamp", "_relu"}) {
    const std::string name = absl::StrCat("depthwise_", shape, variant);
    const std::string kernel = "bl_" + name + "_s8_dsp";
    std::vector<std::string> defines = {"KERNEL=" + kernel, Flag("CLAMP", variant == "_clamp"),
                                        Flag("RELU", variant == "_relu")};
    defines.insert(defines.end(), flags.begin(), flags.end());
    objects.push_back({name + "_dsp", source, defines, {kernel}, KernelSet::kDsp});
  }
}

void AddDepthwise(int kernel_size, int stride, std::vector<KernelObject>& objects) {
  const std::string size = std::to_string(kernel_size);
  AddDepthwiseVariants(size + "x" + size + "s" + std::to_string(stride),
                       "firmware/engine/dsp/depthwise.S",
                       {Flag("KERNEL_SIZE", kernel_size), Flag("STRIDE", stride)}, objects);
}

// 3x3, stride 1, of maps of `size` by `size`.
void AddDepthwiseMap(int size, std::vector<KernelObject>& objects) {
  AddDepthwiseVariants("3x3s1_map" + std::to_string(size), "firmware/engine/dsp/depthwise_map.S",
                       {Flag("MAP", size)}, objects);
}

std::vector<KernelObject> MakeObjects() {
  std::vector<KernelObject> objects;
  AddConvolutions(objects);
  AddDepthwise(3, 1, objects);
  for (int kernel_size : {3, 5, 7}) AddDepthwise(kernel_size, 2, objects);
  for (int size = 3; size <= 7; ++size) AddDepthwiseMap(size, objects);
  objects.push_back({"fully_connected_dsp",
                     "firmware/engine/dsp/fully_connected.c",
                     {},
                     {"bl_fully_connected_s8_dsp"},
                     KernelSet::kDsp});
  objects.insert(objects.end(), PolyKernelObjects().begin(), PolyKernelObjects().end());
  return objects;
}

}  // namespace

const std::vector<KernelObject>& DspKernelObjects() {
  static const auto* const kObjects = new std::vector<KernelObject>(MakeObjects());
  return *kObjects;
}

}  // namespace boardloop
