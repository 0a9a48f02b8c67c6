#!/usr/bin/env bash
# Shows what Boardloop does: which networks fit a microcontroller, and which search space is best
# for it. Installs what is missing, builds, and writes one HTML page with its plots.
set -euo pipefail
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: ./demo.sh [--board NAME] [--out FOLDER] [--jobs N]

  --board NAME   the board type (default: stm32f746); device-agent/boards/ has them all
  --out FOLDER   where the page and its plots go (default: out/demo)
  --jobs N       parallel compilers (default: one per processor)
TEXT
}

board=stm32f746
out=out/demo
jobs=$(nproc)
while (($# > 0)); do
  case "$1" in
    --board) board=${2:?--board needs a name}; shift 2 ;;
    --out)
      out=$(cd "$caller" && realpath --canonicalize-missing "${2:?--out needs a folder}")
      shift 2
      ;;
    --jobs) jobs=${2:?--jobs needs a number}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

deploy/build.sh --preset release --target boardloop --jobs "$jobs"

build/release/bin/boardloop overview --board "$board" --out "$out"
page=$(realpath "$out")/index.html
[[ -s $page ]] || { echo "demo.sh: boardloop wrote no $page" >&2; exit 1; }
printf '\nOpen %s in a browser (%d s in all).\n' "$page" "$SECONDS"
