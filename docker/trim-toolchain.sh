#!/usr/bin/env bash
# Removes from the image that is being built what the device agent never uses of the Cortex-M compiler and of QEMU:
# four fifths of a gigabyte: C++, link-time optimization, and libraries for cores that no board type has.
set -euo pipefail

# The flags of TargetFlags() in device-agent/build/compiler.cc that choose a library.
cores=(
  "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16"
  "-mcpu=cortex-m7 -mfpu=fpv5-sp-d16"
  "-mcpu=cortex-m7 -mfpu=fpv5-d16"
)

gcc=$(dirname "$(arm-none-eabi-gcc -print-prog-name=cc1)")
newlib=/usr/lib/arm-none-eabi

rm --force "$gcc"/{cc1plus,lto1,g++-mapper-server} /usr/bin/arm-none-eabi-{c++,g++,gcov,lto}*
rm --recursive --force "$gcc"/{plugin,install-tools}

# Libraries: only those that the agent links with, in the folders of these cores.
keep=()
for core in "${cores[@]}"; do
  # shellcheck disable=SC2086  # Several words.
  folder=$(arm-none-eabi-gcc $core -mthumb -mfloat-abi=hard -print-multi-directory)
  keep+=(-path "$gcc/$folder/libgcc.a" -o -path "$newlib/newlib/$folder/libc.a" -o -path "$newlib/newlib/$folder/libm.a" -o)
done
find "$gcc" "$newlib" \( -name '*.a' -o -name '*.o' -o -name '*.specs' \) ! \( "${keep[@]}" -false \) -delete
find "$gcc" "$newlib" -name '*.a' -exec arm-none-eabi-strip --strip-debug {} +
find "$gcc" "$newlib" -type d -empty -delete

rm --force /usr/bin/qemu-system-aarch64
