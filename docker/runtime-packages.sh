#!/usr/bin/env bash
# Prints the packages that a program needs to run, one per line: those of the libraries that it is linked
# with, which this system tells, and those of the tools that it starts and the files that it reads, which only
# the list below does. Run where the program was built.
set -euo pipefail

usage() {
  echo "Usage: docker/runtime-packages.sh server|worker|agent|cli BINARY..."
}

fail() {
  printf 'runtime-packages: %s\n' "$*" >&2
  exit 1
}

if (($# < 2)); then
  usage >&2
  exit 2
fi
program=$1
shift

case "$program" in
  server) started=() ;;
  worker) started=(dataset-fashion-mnist) ;;  # Of the presets: what one tries first.
  agent) started=(gcc-arm-none-eabi binutils-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm openocd python3) ;;
  cli) started=(gnuplot-nox) ;;
  *) usage >&2; exit 2 ;;
esac

# The linker's path may be one of two names of a folder (/lib is /usr/lib), of a link, or of a choice between
# packages (/etc/alternatives): the package knows one of them.
package_of() {
  local path
  for path in "$1" "/usr$1" "$(realpath "$1")" "$(realpath "$1" | sed 's,^/usr,,')"; do
    if dpkg-query --search "$path" 2>/dev/null | sed --quiet '1s/[:,].*//p' | grep .; then return 0; fi
  done
  return 1
}

{
  if ((${#started[@]} > 0)); then printf '%s\n' "${started[@]}"; fi
  ldd "$@" | while read -r library arrow path _; do
    [[ $arrow == "=>" ]] || continue
    [[ $path == /* ]] || fail "$library, which one of $* needs, is not on this system"
    package_of "$path" || fail "$path is of no package: it would be missing in the image"
  done
} | sort --unique
