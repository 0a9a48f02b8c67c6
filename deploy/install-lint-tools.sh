#!/usr/bin/env bash
# Installs the linters that come from the Python package index. Runs in a moment when they are there already.
set -euo pipefail

# Their rules differ between versions. The dashboards are those of the Grafana that the SDK has the types of.
packages=(
  'grafana-foundation-sdk==1769699998!10.1.0' # deploy/grafana: tests/deploy/dashboards.py
  'PyYAML==6.0.3'                             # the rules that they share metrics with
)

usage() {
  cat <<'TEXT'
Usage: deploy/install-lint-tools.sh

Installs the tools that check deploy/ from the Python package index into .venv/lint of the source tree, where the
tests look for them. Needs python3-venv.
TEXT
}

case "${1:-}" in
  "") ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

fail() {
  printf 'install-lint-tools: %s\n' "$*" >&2
  exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/.venv/lint
wanted=$(printf '%s\n' "${packages[@]}")

# What was installed last, written when all of it is there.
if [[ -f $folder/installed && $(<"$folder/installed") == "$wanted" ]]; then exit 0; fi
rm --recursive --force "$folder"
python3 -m venv "$folder" || fail "python3 -m venv failed: install python3-venv"
"$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" ||
  fail "pip could not install ${packages[*]}"
printf '%s\n' "$wanted" >"$folder/installed"
echo "the linters of deploy/ are in $folder"
