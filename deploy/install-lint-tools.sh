#!/usr/bin/env bash
# Installs the tools that check deploy/. Runs in a moment when they are there already.
set -euo pipefail

# Their rules differ between versions. The dashboards are those of the Grafana that the SDK has the types of.
helm=v3.16.4
python_packages=(
  'grafana-foundation-sdk==1769699998!10.1.0' # deploy/grafana: tests/deploy/dashboards.py
  'kubernetes-validate==1.37.0'               # deploy/kubernetes, by Kubernetes' own schemas: tests/deploy/chart.py
  'PyYAML==6.0.3'
)

usage() {
  cat <<'TEXT'
Usage: deploy/install-lint-tools.sh

Installs the tools that check deploy/ into .venv/lint of the source tree, where the tests look for them: Python packages
from the package index, and helm as a Go module. Needs python3-venv, and for helm a Go of 1.22 or later; without Go helm
is left out, and the test of the chart is skipped.
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

install_python_packages() {
  local wanted installed=$folder/installed
  wanted=$(printf '%s\n' "${python_packages[@]}")
  # What was installed last, written when all of it is there.
  if [[ -f $installed && $(<"$installed") == "$wanted" ]]; then return; fi
  rm --recursive --force "$folder"
  python3 -m venv "$folder" || fail "python3 -m venv failed: install python3-venv"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "${python_packages[@]}" ||
    fail "pip could not install ${python_packages[*]}"
  printf '%s\n' "$wanted" >"$installed"
  echo "the linters of deploy/ are in $folder"
}

install_helm() {
  local go
  if [[ -x $folder/bin/helm && $(<"$folder/helm-version") == "$helm" ]]; then return; fi
  if ! go=$(PATH=$PATH:/usr/local/go/bin command -v go); then
    echo "install-lint-tools: no Go, so no helm: the test of deploy/kubernetes is skipped" >&2
    return
  fi
  GOBIN=$folder/bin "$go" install "helm.sh/helm/v3/cmd/helm@$helm" || fail "Go could not install helm $helm"
  printf '%s\n' "$helm" >"$folder/helm-version"
}

install_python_packages
install_helm
