#!/usr/bin/env bash
# Installs into the image that is being built what docker/collect.sh has laid out, and removes what came with the
# packages and is never used. In one go: what a later layer removes still counts.
set -euo pipefail
scripts=$(dirname "${BASH_SOURCE[0]}")

collected=${1:?Usage: docker/install-program.sh COLLECTED}

mapfile -t packages <"$collected/packages"
"$scripts/install-packages.sh" "${packages[@]}"
cp --recursive --no-preserve=ownership "$collected/root/." /

if command -v arm-none-eabi-gcc >/dev/null; then "$scripts/trim-toolchain.sh"; fi

# Every program and plugin of ours finds its libraries.
mapfile -t ours < <(find /usr/local/bin /usr/local/lib -type f \( -name 'boardloop*' -o -name '*.so' \) ! -name boardloop-healthz)
if ldd "${ours[@]}" | grep 'not found'; then
  echo "install-program: libraries are missing; docker/runtime-packages.sh should have named their packages" >&2
  exit 1
fi
