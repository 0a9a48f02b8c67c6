#!/usr/bin/env bash
# Lays out what goes into each image, where programs look for it beside themselves: OUT/PROGRAM/files is copied
# to / and OUT/PROGRAM/packages is what must be installed. Run where the programs were built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if (($# != 2)); then
  echo "Usage: docker/collect.sh BUILD OUT" >&2
  exit 2
fi
from=$1 out=$2

# collect PROGRAM BINARY...
collect() {
  local program=$1 prefix=$out/$1/files/usr/local binary
  shift
  for binary in "$@"; do
    install -D --strip --mode=0755 --target-directory="$prefix/bin" "$from/bin/$binary"
  done
  docker/runtime-packages.sh "$program" "$prefix"/bin/* >"$out/$program/packages"
}

collect_boards() {
  local share=$out/$1/files/usr/local/share/boardloop
  install -D --mode=0644 --target-directory="$share/boards" device-agent/boards/*.yaml
}

collect server boardloop-server
collect_boards server

collect worker boardloop-worker

collect agent boardloop-agent boardloop-vboard
collect_boards agent
agent=$out/agent/files/usr/local
install -D --strip --mode=0644 --target-directory="$agent/lib/boardloop" "$from/lib/boardloop/libboardloop_cycles.so"
# What is compiled for boards; the generator is part of the program.
mkdir "$agent/share/boardloop/firmware"
cp --recursive firmware/boards firmware/engine firmware/runner "$agent/share/boardloop/firmware/"

collect cli boardloop
collect_boards cli

for program in worker agent; do
  install -D --mode=0755 docker/healthz.sh "$out/$program/files/usr/local/bin/boardloop-healthz"
done
