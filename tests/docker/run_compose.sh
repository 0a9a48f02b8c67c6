#!/usr/bin/env bash
# Starts docker/compose.yaml for real, with the images as they are, and uses it as its README says: the farm becomes healthy,
# a search is submitted, followed and fetched, the host joins with a token, Prometheus sees all programs, and what was done
# is there after a restart. Ends by removing the farm and its volumes. Needs Docker Engine with its compose plugin, a built
# `boardloop`, and the ports of compose.yaml.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/docker/run_compose.sh [OPTION...]

  --compose "COMMAND"      instead of "docker compose"
  --programs FOLDER        with `boardloop` (default: build/release/bin)
  --prometheus IMAGE       instead of that of compose.yaml, where no registry can be reached
  --without-grafana        start all but Grafana, as above
TEXT
}

compose="docker compose" programs=build/release/bin prometheus="" grafana=true
while (($# > 0)); do
  case "$1" in
    --compose) compose=${2:?}; shift ;;
    --programs) programs=${2:?}; shift ;;
    --prometheus) prometheus=${2:?}; shift ;;
    --without-grafana) grafana=false ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ ! -x $programs/boardloop ]]; then
  echo "run_compose: $programs has no boardloop: build first, or --programs FOLDER" >&2
  exit 2
fi

work=$(mktemp --directory)
services=(server identities worker agent prometheus)
if $grafana; then services+=(grafana); fi
files=(--file docker/compose.yaml)
if [[ -n $prometheus ]]; then
  printf 'services:\n  prometheus:\n    image: "%s"\n' "$prometheus" >"$work/override.yaml"
  files+=(--file "$work/override.yaml")
fi
# Another project than a farm of somebody's.
# shellcheck disable=SC2086  # Words of a command.
farm() { $compose --project-name boardloop-test "${files[@]}" "$@"; }

clean_up() {
  farm --profile cli down --volumes --timeout 60 >>"$work/log" 2>&1 || true
  rm --recursive --force "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
fail() {
  printf 'FAILED  %s\n' "$*" >&2
  tail --lines=20 "$work/log" >&2
  farm logs --tail 20 >&2 || true
  exit 1
}

# expect PATTERN COMMAND...  What a command prints, and that it prints such a line.
expect() {
  local pattern=$1 output
  shift
  output=$("$@" 2>>"$work/log") || fail "$* failed: $output"
  grep --quiet --regexp="$pattern" <<<"$output" || fail "$* printed no \"$pattern\": $output"
}

# soon PATTERN COMMAND...  The same, within two minutes.
soon() {
  local pattern=$1 deadline=$((SECONDS + 120))
  shift
  until "$@" 2>>"$work/log" | grep --quiet --regexp="$pattern"; do
    ((SECONDS < deadline)) || fail "$* never printed \"$pattern\": $("$@" 2>&1)"
    sleep 1
  done
}

start() {
  farm up --no-build --detach "${services[@]}" >>"$work/log" 2>&1 || fail "up failed"
  for service in "${services[@]}"; do
    [[ $service == identities || $service == grafana ]] && continue
    soon healthy farm ps --format '{{.Status}}' "$service"
  done
}

cli() { farm run --rm --no-TTY cli "$@"; }

say "up"
start
say "healthy; members and boards"
soon 'worker-1 .*ACTIVE' cli workers
soon 'agent-1-.* IDLE' cli boards list

say "Prometheus asks all three"
targets() { curl --silent --fail http://127.0.0.1:9090/api/v1/query?query=sum%28up%29; }
soon '"3"\]' targets

say "a search"
expect SUCCEEDED cli submit --name first --preset quick --epochs 0.2 --finetune-epochs 0.05 --finalists 1 \
  --generations 1 --population 6 --sram-limit 22K --flash-limit 90K --latency-limit-ms 27 --watch
expect model cli get first --out first
farm run --rm --no-TTY --entrypoint tar cli --create first 2>>"$work/log" |
  tar --extract --file - --directory "$work" || fail "the volume's files do not come out"
expect '"board_equals_host": true' cat "$work/first/result.json"

say "the host joins, as a user"
token=$(farm exec --no-TTY server boardloop-server token --role user --name host 2>>"$work/log") || fail "no token"
expect 'user/host at' "$programs/boardloop" join 127.0.0.1:7411 "$token" --identity "$work/identity"
expect 'first .*SUCCEEDED' "$programs/boardloop" list --identity "$work/identity"
expect first curl --silent --fail http://127.0.0.1:7412/

say "down, and up again"
farm down --timeout 60 >>"$work/log" 2>&1 || fail "down failed"
start
expect 'first .*SUCCEEDED' "$programs/boardloop" list --identity "$work/identity"
soon 'agent-1-.* IDLE' cli boards list
say "all works"
