#!/usr/bin/env bash
# Installs what is missing, configures and builds one preset: the first half of test.sh and demo.sh.
# Prints a line per step with the seconds since the start; a step's output goes to a log that is
# shown when the step fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: deploy/build.sh [--preset NAME] [--target NAME] [--jobs N]

  --preset NAME  release (default), debug, asan, tsan or fuzz
  --target NAME  what to build (default: everything)
  --jobs N       parallel compilers (default: one per processor)
TEXT
}

preset=release
target=all
jobs=$(nproc)
while (($# > 0)); do
  case "$1" in
    --preset) preset=${2:?--preset needs a name}; shift 2 ;;
    --target) target=${2:?--target needs a name}; shift 2 ;;
    --jobs) jobs=${2:?--jobs needs a number}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

# The running step has a process group of its own, so that an interrupt also ends its compilers.
step_pid=
cleanup() {
  if [[ -n $step_pid ]]; then kill -- "-$step_pid" 2>/dev/null || true; fi
}
trap cleanup EXIT

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

# run_step TITLE LOG COMMAND...  A long step says every half minute how far it is: ninja's "[n/m]".
run_step() {
  local title=$1 log=$2 next_report=$((SECONDS + 30)) progress
  shift 2
  say "$title"
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  step_pid=$!
  set +m
  while kill -0 "$step_pid" 2>/dev/null; do
    sleep 0.2
    if ((SECONDS >= next_report)); then
      progress=$(tail --lines=1 "$log" | grep --only-matching '^\[[0-9]*/[0-9]*\]' || true)
      say "$title ${progress:-...}"
      next_report=$((SECONDS + 30))
    fi
  done
  if ! wait "$step_pid"; then
    step_pid=
    tail --lines=60 "$log" >&2
    say "$title failed; the whole log is $log" >&2
    exit 1
  fi
  step_pid=
}

if [[ $preset == fuzz ]]; then packages=dev; else packages=build; fi
deploy/install-deps.sh "$packages"

folder=build/$preset
mkdir --parents "$folder"
run_step "configure $preset" "$folder/configure.log" cmake --preset "$preset"
run_step "build $preset" "$folder/build.log" \
  cmake --build --preset "$preset" --target "$target" --parallel "$jobs"
say "built in $folder"
