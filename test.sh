#!/usr/bin/env bash
# Builds Boardloop and runs its tests, on a machine that may have nothing installed yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: ./test.sh [--preset NAME] [--label REGEX] [--jobs N]

  --preset NAME  release (default), debug, asan (with ubsan), tsan or fuzz
  --label REGEX  only tests with such a label
  --jobs N       parallel compilers and tests (default: one per processor)

Tests that need files beside the repository are skipped, and listed, where those are absent.
TEXT
}

preset=release
jobs=$(nproc)
select=()
while (($# > 0)); do
  case "$1" in
    --preset) preset=${2:?--preset needs a name}; shift 2 ;;
    --label) select=(--label-regex "${2:?--label needs a regular expression}"); shift 2 ;;
    --jobs) jobs=${2:?--jobs needs a number}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

# Two presets look at one thing each, which a label names: what fuzzes, and what starts threads.
target=all
case "$preset" in
  fuzz) target=fuzz_targets; select+=(--label-regex fuzz) ;;
  tsan) target=threads_targets; select+=(--label-regex threads) ;;
esac
deploy/build.sh --preset "$preset" --target "$target" --jobs "$jobs"
deploy/install-pyocd.sh || echo "test.sh: without pyOCD its tests are skipped"

log=build/$preset/test.log
count() { grep --count --extended-regexp "$1" "$log" || true; }

# Passing tests leave no line on the screen; the log has all of them.
status=0
ctest --preset "$preset" --parallel "$jobs" --no-label-summary "${select[@]}" 2>&1 | tee "$log" |
  sed --unbuffered --regexp-extended -e '/^ *Start +[0-9]+:/d' -e '/ Passed +[0-9.]+ sec/d' ||
  status=$?

printf '%s: %d passed, %d failed, %d skipped in %d s\n' "$preset" \
  "$(count ' Passed +[0-9.]+ sec')" "$(count '\*\*\*(Failed|Exception|Timeout|Not Run)')" \
  "$(count '\*\*\*Skipped')" "$SECONDS"
exit "$status"
