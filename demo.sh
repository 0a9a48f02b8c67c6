#!/usr/bin/env bash
# Shows what Boardloop does: which networks fit a microcontroller, which search space is best for
# it, and what networks take on virtual boards. Installs what is missing and builds.
set -euo pipefail
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: ./demo.sh [--board NAME] [--out FOLDER] [--jobs N] [MODEL.tflite...]

  --board NAME   the board type to plan for (default: stm32f746); device-agent/boards/ has them all
  --out FOLDER   where the page, its plots and the measurements go (default: out/demo)
  --jobs N       parallel compilers (default: one per processor)
  MODEL.tflite   int8 models of your own, measured beside the ones that the demo makes
TEXT
}

board=stm32f746
out=out/demo
jobs=$(nproc)
models=()
in_caller() { (cd "$caller" && realpath --canonicalize-missing "$1"); }
while (($# > 0)); do
  case "$1" in
    --board) board=${2:?--board needs a name}; shift 2 ;;
    --out) out=$(in_caller "${2:?--out needs a folder}"); shift 2 ;;
    --jobs) jobs=${2:?--jobs needs a number}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *.tflite) models+=("$(in_caller "$1")"); shift ;;
    *) usage >&2; exit 2 ;;
  esac
done

deploy/build.sh --preset release --target programs --jobs "$jobs"
bin=build/release/bin

"$bin/boardloop" overview --board "$board" --out "$out"
page=$(realpath "$out")/index.html
[[ -s $page ]] || { echo "demo.sh: boardloop wrote no $page" >&2; exit 1; }

# measure TITLE FILE ARGUMENT...  Networks on a virtual board: a table here, JSON in the folder.
measure() {
  local title=$1 file=$out/$2
  shift 2
  printf '\n%s\n\n' "$title"
  "$bin/boardloop-agent" measure "$@" --quiet --inputs 2 --out "$file"
}

measure "On a virtual STM32F405 (Cortex-M4, 168 MHz, 128 KiB), every layer from resident input:" \
  virtual-stm32f405.json --board virtual-stm32f405 \
  mcunet_vww1 mobilenet_v2:width=0.35,res=64,classes=10 "${models[@]}"
measure "The same MCUNet patch by patch, its image streamed in, within 46 KiB:" \
  virtual-stm32f405-patches.json --board virtual-stm32f405 \
  --input streamed --sram-limit 46K --plot "$out/layers.svg" --layers off mcunet_vww1
measure "On a virtual STM32F746 (Cortex-M7, 216 MHz, 320 KiB); cycles of this core are not validated:" \
  virtual-stm32f746.json --board virtual-stm32f746 mcunet_vww1 mcunet_in3 "${models[@]}"

printf '\nOpen %s in a browser; measurements are beside it (%d s in all).\n' "$page" "$SECONDS"
