#!/usr/bin/env bash
# Checks the configuration of Prometheus, and that each alert fires when it should and not otherwise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../deploy/prometheus"

if ! command -v promtool >/dev/null; then
  echo "skipped: there is no promtool; deploy/install-deps.sh dev brings it, with prometheus"
  exit 77
fi

promtool check config prometheus.yml
promtool test rules rules/*_test.yml

# A rule without a test passes all tests.
status=0
check_tested() {
  local name
  while read -r name; do
    if ! grep --quiet --word-regexp --fixed-strings "$2$name" "rules/$1_test.yml"; then
      echo "$name of rules/$1.yml has no test in rules/$1_test.yml"
      status=1
    fi
  done < <(sed --quiet --regexp-extended 's/^ *- (alert|record): *//p' "rules/$1.yml")
}
check_tested recording 'expr: '
check_tested alerts 'alertname: '
exit "$status"
