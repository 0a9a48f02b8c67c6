#!/usr/bin/env bash
# Installs pyOCD into a virtual environment of its own: for boards that the device agent drives
# through it. Runs in a moment when it is there already.
set -euo pipefail

# The version that the agent's tests run with. A newer one may say things differently.
version=0.46.0

usage() {
  cat <<'TEXT'
Usage: deploy/install-pyocd.sh

Installs pyOCD from the Python package index into $BOARDLOOP_PYOCD, or, when that is not set, into
.venv/pyocd of the source tree, where boardloop-agent looks for it. Needs python3 with venv (Debian
and Ubuntu: package python3-venv).
TEXT
}

case "${1:-}" in
  "") ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

fail() {
  printf 'install-pyocd: %s\n' "$*" >&2
  exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${BOARDLOOP_PYOCD:-$root/.venv/pyocd}

if [[ -x $folder/bin/pyocd && $("$folder/bin/pyocd" --version 2>/dev/null) == "$version" ]]; then
  exit 0
fi

command -v python3 >/dev/null || fail "python3 is not installed"
python3 -m venv "$folder" || fail "python3 cannot make a virtual environment: install python3-venv"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check "pyocd==$version" ||
  fail "pip could not install pyocd $version into $folder"
echo "pyOCD $version is in $folder"
