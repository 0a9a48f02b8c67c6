#!/usr/bin/env bash
# Installs buf, the linter of proto/, for tests/lint.sh. Runs in a moment when it is there already.
set -euo pipefail

# Its rules differ between versions.
version=1.75.0

usage() {
  cat <<'TEXT'
Usage: deploy/install-buf.sh

Installs buf from the npm registry into .venv/buf of the source tree, where tests/lint.sh looks for it.
No distribution that Boardloop knows packages it. Needs npm.
TEXT
}

case "${1:-}" in
  "") ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

fail() {
  printf 'install-buf: %s\n' "$*" >&2
  exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/.venv/buf
buf=$folder/node_modules/.bin/buf

if [[ -x $buf && $("$buf" --version 2>/dev/null) == "$version" ]]; then exit 0; fi
command -v npm >/dev/null || fail "npm is not installed"
mkdir --parents "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" "@bufbuild/buf@$version" ||
  fail "npm could not install @bufbuild/buf $version into $folder"
echo "buf $version is in $folder"
