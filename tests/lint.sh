#!/usr/bin/env bash
# Checks what a tool can check. Every check runs, also after one has failed; the last line counts.
# Needs the packages of `deploy/install-deps.sh dev`, and for all but --quick the release build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: tests/lint.sh [--quick] [--tidy all|changed|none|only] [--tidy-minutes M]

  --quick           only what takes seconds: format, shellcheck, sources, machine paths
  --tidy WHICH      clang-tidy on all sources (default), on those that differ from origin/main, on none, or on all and
                    nothing else
  --tidy-minutes M  what clang-tidy has not begun by then is left to the next run: an hour's work where nothing is
                    remembered
TEXT
}

quick=false
tidy=all
tidy_minutes=inf
while (($# > 0)); do
  case "$1" in
    --quick) quick=true; shift ;;
    --tidy) tidy=${2:?--tidy needs all, changed, none or only}; shift 2 ;;
    --tidy-minutes) tidy_minutes=${2:?--tidy-minutes needs a number}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

build=build/release
jobs=$(nproc)
scratch=$(mktemp --directory)
trap 'rm --recursive --force "$scratch"' EXIT

# Files of the project that match the patterns, new ones included, one per line.
files() {
  git ls-files --cached --others --exclude-standard --deduplicate -- "$@" | while read -r file; do
    if [[ -e $file ]]; then printf '%s\n' "$file"; fi
  done
}

check_format() {
  # clang-format reports each place: the file and how many places are enough.
  files '*.h' '*.cc' '*.c' | xargs --no-run-if-empty clang-format-14 --dry-run 2>"$scratch/format"
  [[ ! -s $scratch/format ]] || {
    grep --only-matching '^[^: ]*:[0-9:]* warning' "$scratch/format" | cut --delimiter=: --fields=1 |
      sort | uniq --count
    echo "clang-format-14 -i FILE... formats them"
    return 1
  }
}

check_shell() {
  { files '*.sh'; echo .ci/run; } | xargs shellcheck
}

# A source that nothing names is never compiled. It is named in the nearest CMakeLists.txt, or by its
# whole path in another; what is compiled for boards is named by its whole path in the code that
# builds firmware, or belongs to a folder of firmware/boards or of test programs, which is compiled
# whole.
check_sources_are_listed() {
  local source folder status=0
  files '*CMakeLists.txt' | xargs cat >"$scratch/lists"
  files 'firmware/codegen/*.cc' 'device-agent/build/*.cc' 'tests/firmware/*.cc' 'tests/device-agent/*.cc' |
    xargs cat >"$scratch/builders"
  while read -r source; do
    [[ $source != firmware/boards/*/* && $source != tests/*/programs/* ]] || continue
    folder=$(dirname "$source")
    while [[ ! -e $folder/CMakeLists.txt ]]; do folder=$(dirname "$folder"); done
    if ! grep --quiet --word-regexp --fixed-strings -e "${source#"$folder"/}" \
      "$folder/CMakeLists.txt" && ! grep --quiet --fixed-strings -e "/$source" "$scratch/lists" &&
      ! grep --quiet --fixed-strings -e "\"$source\"" -e "/$source\"" "$scratch/builders"; then
      echo "$source is not named in $folder/CMakeLists.txt, nor where firmware is built"
      status=1
    fi
  done < <(files '*.cc' '*.c' '*.S' '*.proto' '*.fbs')
  return $status
}

# Nothing depends on where one machine keeps its files.
check_machine_paths() {
  ! files | xargs grep --line-number --binary-files=without-match --regexp="$PWD/" \
    --regexp='/home/[a-z]' --regexp='/root/[a-z]' --regexp='/Users/[A-Za-z]'
}

# compile_header FILE STANDARD
compile_header() {
  # shellcheck disable=SC2086  # Several words.
  echo "#include \"$1\"" | g++ -std="$2" -x c++ -fsyntax-only -Wall -Wextra -Wshadow -Werror \
    $include_flags - && return 0
  echo "$1 does not compile alone as $2"
  return 1
}
export -f compile_header

# Headers, one per line, that the build does not compile alone: their source, if any, includes something before them.
headers_to_compile() {
  local header source
  files 'bench/*.h' 'cli/*.h' 'core/*.h' 'device-agent/*.h' 'firmware/codegen/*.h' \
    'server/*.h' 'tests/*.h' 'worker/*.h' | while read -r header; do
    source=${header%.h}.cc
    if ! grep --max-count=1 '^#include' "$source" 2>/dev/null | grep --quiet --fixed-strings "\"$header\""; then
      printf '%s\n' "$header"
    fi
  done
}

# Every header compiles alone; those of core/, of the worker and of the cli that it uses as C++17, for files that
# also include LibTorch's.
check_headers() {
  # Every include folder that some target has: also where generated headers lie.
  include_flags=$(grep --only-matching --extended-regexp -e '-(I|isystem )/[^ ]*' \
    "$build/compile_commands.json" | sort --unique | tr '\n' ' ')
  export include_flags
  # shellcheck disable=SC2016  # The inner bash expands it.
  headers_to_compile |
    sed --regexp-extended -e 's/^(cli|core|worker|tests\/worker).*/& c++17/' -e '/ c\+\+17$/!s/$/ c++20/' |
    xargs --max-procs="$jobs" --max-lines=1 bash -c 'compile_header "$@"' _
}

check_tidy() {
  case "$tidy" in
    changed) git diff --name-only --diff-filter=d origin/main -- '*.cc' >"$scratch/tidy" ;;
    all | only) files '*.cc' >"$scratch/tidy" ;;
    *) echo "--tidy is $tidy, must be all, changed, none or only"; return 1 ;;
  esac
  tests/tidy.py "$build" --minutes "$tidy_minutes" <"$scratch/tidy" | tee "$scratch/tidy.log"
}

report_sizes() {
  echo "sizes of $build, bytes"
  size "$build"/bin/* 2>/dev/null
}

# The contracts: buf's rules (proto/buf.yaml), and nothing that breaks callers of the newest release.
buf=.venv/buf/node_modules/.bin/buf
if [[ ! -x $buf ]]; then buf=$(command -v buf || true); fi
check_proto() {
  local release
  "$buf" lint proto || return 1
  release=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)
  if [[ -n $release ]]; then
    "$buf" breaking proto --against ".git#tag=$release,subdir=proto"
  fi
}

failed=0
run_check() {
  local start=$SECONDS
  if "$2" >"$scratch/output" 2>&1; then
    printf 'ok      %-38s %4d s\n' "$1" $((SECONDS - start))
  else
    printf 'FAILED  %-38s %4d s\n' "$1" $((SECONDS - start))
    cat "$scratch/output"
    failed=$((failed + 1))
  fi
}

if [[ $tidy != only ]]; then
  run_check "clang-format" check_format
  run_check "shellcheck" check_shell
  run_check "sources are in a CMakeLists.txt" check_sources_are_listed
  run_check "no paths of one machine" check_machine_paths
  if [[ -n $buf ]]; then
    run_check "buf lint" check_proto
  else
    echo "skipped buf lint: there is no buf; deploy/install-buf.sh brings it"
  fi
fi
if ! $quick; then
  [[ -e $build/compile_commands.json ]] || {
    echo "lint.sh: there is no $build yet: run deploy/build.sh" >&2
    exit 2
  }
  if [[ $tidy != only ]]; then run_check "headers are self-contained" check_headers; fi
  if [[ $tidy != none ]]; then
    run_check "clang-tidy ($tidy)" check_tidy
    tail --lines=1 "$scratch/tidy.log"
  fi
  report_sizes
fi

if ((failed > 0)); then
  echo "lint: $failed checks failed"
  exit 1
fi
echo "lint: every check passed"
