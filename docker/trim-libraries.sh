#!/usr/bin/env bash
# Removes from the image that is being built what comes with the distribution's LibTorch, by way of OpenCV, and
# what a program that trains never loads: drivers that draw and decode video, maps, LibTorch's Python part. What the
# program is linked with stays.
set -euo pipefail

libraries=$(dirname "$(find /usr/lib -name 'libtorch_cpu.so*' -print -quit)")

rm --recursive --force "$libraries"/{dri,mfx} "$libraries"/lib{LLVM-*,z3,mfxhw64,mfx-tracer,torch_python}.so* \
  /usr/share/{gdcm-3.0,mime,proj}
