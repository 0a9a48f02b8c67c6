// The precompiled header of worker/torch: what most of its sources need of LibTorch. The whole of
// torch/torch.h would take three times as long.
#pragma once

#include "ATen/ATen.h"
#include "torch/csrc/autograd/custom_function.h"
#include "torch/types.h"
