#!/usr/bin/env bash
# The main job from end to end: coordinator, worker and two virtual boards on this machine search a
# network for Fashion-MNIST within limits of memory and latency, and verify it on a board.
# `./demo.sh overview` is the fast part. Installs what is missing and builds.
set -euo pipefail
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: ./demo.sh [--board TYPE] [--out FOLDER] [--jobs N]
       ./demo.sh overview [--board NAME] [--out FOLDER] [--jobs N] [MODEL.tflite...]

  --board TYPE   the board to search for: virtual-stm32f405 (default) or virtual-stm32f746
  --out FOLDER   where everything goes (default: out/demo, out/overview)
  --jobs N       parallel compilers (default: one per processor)

overview: a page on which known networks fit a board (default: stm32f746; device-agent/boards/ has
them all), and what some of them take on virtual boards, beside int8 models of your own.
TEXT
}

job=search board='' out='' jobs=$(nproc) models=()
in_caller() { (cd "$caller" && realpath --canonicalize-missing "$1"); }
while (($# > 0)); do
  case "$1" in
    overview) job=overview; shift ;;
    --board) board=${2:?--board needs a name}; shift 2 ;;
    --out) out=$(in_caller "${2:?--out needs a folder}"); shift 2 ;;
    --jobs) jobs=${2:?--jobs needs a number}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *.tflite) models+=("$(in_caller "$1")"); shift ;;
    *) usage >&2; exit 2 ;;
  esac
done
bin=build/release/bin

# search TYPE LATENCY_MS
# Each limit alone refuses about half of the space's random networks or more, as the table at the end
# says; `boardloop submit --validate-only` tells where they lie.
search() {
  local type=$1 latency_ms=$2 started=$SECONDS
  farm=$out/farm
  stop_farm # Of a demo that was killed.
  rm --recursive --force "$farm"
  in_background "$bin/boardloop" up --dir "$farm" --listen 127.0.0.1:0 --virtual "$type:2"
  BOARDLOOP_SERVER=$(sed --quiet 's/.*"address": *"\([^"]*\)".*/\1/p' "$farm/stack.json")
  export BOARDLOOP_SERVER
  in_background "$bin/boardloop" submit --watch --name demo --title "Fashion-MNIST on $type" \
    --preset quick --board "$type" \
    --sram-limit 22K --flash-limit 90K --latency-limit-ms "$latency_ms"
  printf '\n'
  in_background "$bin/boardloop" get demo --out "$out"
  cat <<TEXT

Latency is MODELLED: a virtual board is QEMU behind our own debug probe, and cycles come from a model
of the core (docs/cycle-model.md), not from a chip. Top-1, bytes and the comparison are real.
$((SECONDS - started)) s after the build. Open $(realpath "$out")/report.html
in a browser; every figure is also in $(realpath "$out")/result.json
TEXT
}

overview() {
  "$bin/boardloop" overview --board "$board" --out "$out"
  measure "On a virtual STM32F405 (Cortex-M4, 168 MHz, 128 KiB), every layer from resident input:" \
    virtual-stm32f405.json --board virtual-stm32f405 \
    mcunet_vww1 mobilenet_v2:width=0.35,res=64,classes=10 "${models[@]}"
  measure "The same MCUNet patch by patch, its image streamed in, within 46 KiB:" \
    virtual-stm32f405-patches.json --board virtual-stm32f405 \
    --input streamed --sram-limit 46K --plot "$out/layers.svg" --layers off mcunet_vww1
  measure "On a virtual STM32F746 (Cortex-M7, 216 MHz, 320 KiB); cycles of this core are not validated:" \
    virtual-stm32f746.json --board virtual-stm32f746 mcunet_vww1 mcunet_in3 "${models[@]}"
  printf '\nOpen %s/index.html in a browser; measurements are beside it (%d s in all).\n' \
    "$(realpath "$out")" "$SECONDS"
}

# measure TITLE FILE ARGUMENT...  Networks on a virtual board: a table here, JSON in the folder.
measure() {
  local title=$1 file=$out/$2
  shift 2
  printf '\n%s\n\n' "$title"
  "$bin/boardloop-agent" measure "$@" --quiet --inputs 2 --out "$file"
}

# Whatever ends this script, even while a command runs: what it started ends first.
farm='' child=''
in_background() {
  "$@" &
  child=$!
  wait "$child"
  child=''
}
stop_farm() {
  if [[ -e $farm/stack.json ]]; then "$bin/boardloop" down --dir "$farm"; fi
}
clean_up() {
  trap '' INT TERM HUP
  if [[ -n $child ]]; then
    kill "$child" 2>/dev/null || true
    wait "$child" || true
  fi
  stop_farm
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

out=${out:-out/$([[ $job == search ]] && echo demo || echo overview)}
case "$job:$board" in
  overview:*) board=${board:-stm32f746} ;;
  search: | search:virtual-stm32f405) search_for=(virtual-stm32f405 27) ;;
  search:virtual-stm32f746) search_for=(virtual-stm32f746 14.5) ;;
  *) echo "demo.sh: --board $board has no limits here; see --help" >&2; exit 2 ;;
esac
deploy/build.sh --preset release --target programs --jobs "$jobs"
if [[ $job == search ]]; then search "${search_for[@]}"; else overview; fi
