#!/usr/bin/env bash
# Checks deploy/systemd and deploy/slurm: unit files, their exposure, udev rules, the example bench, the batch script.
# Exits with 77 when a tool or a program is missing, after all that can be checked was: skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  echo "Usage: tests/deploy/units.sh BIN    the folder of the built programs"
}

(($# == 1)) || { usage >&2; exit 2; }
bin=$1
units=deploy/systemd
programs=(server worker agent)

scratch=$(mktemp --directory)
trap 'rm --recursive --force "$scratch"' EXIT
status=0
skipped=0
fail() { printf 'units: %s\n' "$*"; status=1; }
skip() { printf 'units: skipped: %s\n' "$*"; skipped=1; }

# What systemd says of each, in tenths: 0 is closed, 100 is open. Measured 15, 19 and 18.
limit=20

check_units() {
  local program unit
  for program in "${programs[@]}"; do
    unit=boardloop-$program.service
    systemd-analyze security --offline=true --threshold="$limit" "$units/$unit" >"$scratch/security" 2>&1 ||
      fail "$unit is more exposed than $limit: $(tail --lines=1 "$scratch/security")"
    # The programs are not installed here: a program that is stands for them.
    sed 's,^ExecStart=[^ ]*,ExecStart=/bin/true,' "$units/$unit" >"$scratch/$unit"
    systemd-analyze verify --man=no "$scratch/$unit" >"$scratch/verify" 2>&1 || true
    # Of this unit only: the machine may have others with faults.
    if grep "$unit" "$scratch/verify"; then fail "$unit is not good, see above"; fi
  done
}

# Every flag in a unit or its environment file is one of the program.
check_flags() {
  local program help flag
  for program in "${programs[@]}"; do
    if [[ ! -x $bin/boardloop-$program ]]; then skip "no $bin/boardloop-$program"; continue; fi
    help=$("$bin/boardloop-$program" serve --help)
    { grep '^ExecStart=' "$units/boardloop-$program.service"; grep '^#\?BOARDLOOP_OPTIONS=' "$units/$program.env"
      if [[ $program == worker ]]; then grep '^flags\|flags+=\|^exec\|^  --' deploy/slurm/boardloop-worker.sbatch; fi
    } | grep --only-matching -- '[= (]--[a-z][a-z-]*' | tr -d '= (' | sort --unique >"$scratch/flags"
    [[ -s $scratch/flags ]] || fail "no flags were found in the files of $program"
    while read -r flag; do
      grep --quiet --regexp="^ *$flag\b" <<<"$help" || fail "boardloop-$program serve has no $flag"
    done <"$scratch/flags"
  done
}

# The stop time of a unit is beyond the drain time that it asks for.
check_drain() {
  local program stop drain
  for program in worker agent; do
    stop=$(sed --quiet 's/^TimeoutStopSec=//p' "$units/boardloop-$program.service")
    drain=$(sed --quiet 's/^BOARDLOOP_DRAIN_SECONDS=//p' "$units/$program.env")
    ((stop >= drain + 20)) || fail "boardloop-$program.service stops after $stop s, drains $drain s: 20 s more are needed"
  done
}

check_udev() {
  local rules=$units/60-boardloop-probes.rules label product
  if udevadm verify --help >"$scratch/udev" 2>&1; then
    udevadm verify "$rules" >"$scratch/udev" 2>&1 || fail "udevadm verify: $(cat "$scratch/udev")"
  else
    # Systems before systemd 254, of which Debian 12 is one, only have this.
    local term='[A-Z]+(\{[A-Za-z_]+\})?(==|!=|=|\+=)"[^"]*"'
    if grep --invert-match --extended-regexp "^(#.*|$term(, $term)*)?\$" "$rules"; then fail "$rules: not rules, see above"; fi
  fi
  while read -r label; do
    grep --quiet "^LABEL=\"$label\"" "$rules" || fail "$rules: no label $label"
  done < <(grep --only-matching 'GOTO="[a-z_]*"' "$rules" | cut --delimiter='"' --fields=2 | sort --unique)
  # The agent looks for these vendors.
  while read -r product; do
    grep --quiet "idVendor}==\"$product\"" "$rules" || fail "$rules: nothing for vendor $product, whose probes the agent finds"
  done < <(sed --quiet '/kVendors = /s/"\([0-9a-f]*\)"/\n\1\n/gp' device-agent/measure/usb_probes.cc | grep --extended-regexp '^[0-9a-f]{4}$')
}

check_bench() {
  if [[ ! -x $bin/boardloop-agent ]]; then skip "no $bin/boardloop-agent"; return; fi
  "$bin/boardloop-agent" boards --bench "$units/bench-of-three.yaml" --json >"$scratch/bench" 2>&1 ||
    fail "the agent refuses bench-of-three.yaml: $(cat "$scratch/bench")"
}

# Runs the batch script as Slurm would, with a worker that says how it was called and which signals it got.
check_slurm() {
  local script=deploy/slurm/boardloop-worker.sbatch line pid
  shellcheck "$script" || fail "shellcheck of $script, see above"
  cat >"$scratch/worker" <<'WORKER'
#!/usr/bin/env bash
trap 'echo TERM; exit 0' TERM
echo "$$ $*"
while true; do sleep 0.05; done
WORKER
  chmod +x "$scratch/worker"
  export BOARDLOOP_WORKER=$scratch/worker BOARDLOOP_SERVER=a:1 BOARDLOOP_IDENTITIES=$scratch/ids TMPDIR=$scratch USER=u
  SLURM_JOB_NAME=w SLURM_ARRAY_TASK_ID=7 SLURM_CPUS_PER_TASK=3 BOARDLOOP_JOIN_TOKEN_FILE=token bash "$script" \
    >"$scratch/out" 2>&1 &
  pid=$!
  for ((i = 0; i < 600; ++i)); do
    if [[ -s $scratch/out ]]; then break; fi
    sleep 0.05
  done
  kill -TERM "$pid"
  wait "$pid" || fail "the batch script ended with $? after SIGTERM"
  read -r line <"$scratch/out" || true
  [[ $line == "$pid serve --server a:1 --name w-7 --identity $scratch/ids/w-7 --join-token-file token --state $scratch/boardloop-u-w-7 --threads 3 --drain-seconds 25" ]] ||
    fail "the batch script called the worker so: $line"
  [[ $(grep --count TERM "$scratch/out") == 1 ]] || fail "the worker did not get SIGTERM exactly once: $(cat "$scratch/out")"
  if SLURM_JOB_NAME="My Job" bash "$script" >"$scratch/out" 2>&1; then fail "the batch script took the name 'My Job'"; fi
}

if command -v systemd-analyze >/dev/null; then check_units; else skip "no systemd-analyze"; fi
check_flags
check_drain
check_udev
check_bench
if command -v shellcheck >/dev/null; then check_slurm; else skip "no shellcheck"; fi

if ((status == 0 && skipped == 1)); then exit 77; fi
if ((status == 0)); then echo "units: good"; fi
exit "$status"
