#!/usr/bin/env bash
# Runs chart.py with the tools of deploy/install-lint-tools.sh; exits with 77 where they are missing: skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bin=${1:?Usage: tests/deploy/chart.sh BIN    the folder of the built programs}
tools=.venv/lint/bin
if [[ ! -x $tools/python ]]; then
  echo "chart: skipped: no $tools/python; deploy/install-lint-tools.sh installs it"
  exit 77
fi
exec "$tools/python" tests/deploy/chart.py "$tools/helm" "$bin"
