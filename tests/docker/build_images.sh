#!/usr/bin/env bash
# Builds every image of docker/Dockerfile for real and checks it: size, user, libraries, and that the programs
# work together in them. Needs neither Docker nor a registry of images: buildah, on a Debian that debootstrap
# makes. Compiles the whole project, so it runs at night and not in ./test.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'TEXT'
Usage: tests/docker/build_images.sh [--ccache FOLDER] [--base IMAGE] [--check-only] WORK_FOLDER

  WORK_FOLDER      where images, caches and logs lie (20 GB); a second run there takes minutes
  --ccache FOLDER  the compiler cache to use and fill (default: one in WORK_FOLDER)
  --base IMAGE     what the images are made from (default: a Debian 12 made here by debootstrap)
  --check-only     only check the images that are there

Runs as root, with the packages of `deploy/install-deps.sh images`.
TEXT
}

fail() {
  printf 'build_images: %s\n' "$*" >&2
  exit 1
}

work='' ccache='' base='' check_only=false
while (($# > 0)); do
  case "$1" in
    --ccache) ccache=$(realpath "${2:?--ccache needs a folder}"); shift 2 ;;
    --base) base=${2:?--base needs an image}; shift 2 ;;
    --check-only) check_only=true; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) work=$1; shift ;;
  esac
done
if [[ -z $work ]]; then
  usage >&2
  exit 2
fi
((EUID == 0)) || fail "runs as user $EUID, must be root: debootstrap and chroot need it"
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || fail "there is no $tool: run deploy/install-deps.sh images"
done
mkdir --parents "$work/tmp"
work=$(realpath "$work")
ccache=${ccache:-$work/ccache}
mkdir --parents "$ccache"
export TMPDIR=$work/tmp  # Also of buildah's cache mounts.

# Layers are mounted over each other where the kernel can, else copied.
driver=vfs
if grep --quiet --word-regexp overlay /proc/filesystems; then driver=overlay; fi
# buildah on our own storage.
build_ah() {
  buildah --root "$work/storage" --runroot "$work/run" --storage-driver "$driver" "$@"
}

# An interrupted build leaves mounts, and a check containers and programs that serve.
served=()
declare -A containers=()
clean_up() {
  local pid folder
  for pid in "${served[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  if ((${#containers[@]} > 0)); then build_ah rm "${containers[@]}" >/dev/null; fi
  awk -v prefix="$work/" 'index($2, prefix) == 1 { print $2 }' /proc/mounts | sort --reverse |
    while read -r folder; do umount "$folder" || true; done
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

make_base() {
  base=localhost/boardloop-base
  if [[ -n $(build_ah images --quiet --filter reference="$base") ]]; then return; fi
  say "make a base with debootstrap"
  if [[ ! -e $work/base.tar ]]; then
    rm --recursive --force "$work/base"
    tests/docker/make_base.sh "$work/base" >"$work/base.log" 2>&1 || fail "no base: see $work/base.log"
    tar --create --numeric-owner --directory "$work/base" --file "$work/base.tar" .
    rm --recursive "$work/base"
  fi
  local container
  container=$(build_ah from scratch)
  build_ah add --quiet "$container" "$work/base.tar" / >/dev/null
  build_ah config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  build_ah commit --quiet --rm "$container" "$base" >/dev/null
}

# build TARGET [OPTION...]
build() {
  local target=$1 options=()
  shift
  say "build $target"
  # How this machine's pip reaches its index.
  if [[ -e /etc/pip.conf ]]; then options+=(--secret "id=pip.conf,src=/etc/pip.conf"); fi
  if [[ -e ${PIP_CERT:-} ]]; then options+=(--secret "id=authorities,src=$PIP_CERT"); fi
  build_ah build --layers --isolation chroot --format docker --pull-never \
    --build-arg BASE="$base" --build-arg CCACHE_DIR=/ccache "${options[@]}" "$@" \
    --file docker/Dockerfile --target "$target" --tag "localhost/boardloop-$target" . >"$work/$target.log" 2>&1 || {
    tail --lines=40 "$work/$target.log" >&2
    fail "target $target failed; the whole log is $work/$target.log"
  }
}

programs=(server worker agent cli)
if ! $check_only; then
  if [[ -z $base ]]; then make_base; fi
  # Alone, so that only this stage, of which nothing is shipped but programs, sees the compiler cache.
  build build --volume "$ccache:/ccache"
  for program in "${programs[@]}"; do build "$program"; done
fi

# ---- Checks. A finding does not stop the others.

findings=0
found() {
  printf 'FAILED  %s\n' "$*"
  findings=$((findings + 1))
}

# run PROGRAM COMMAND...  In a container of the image, as its user; it and its files stay until the end.
run() {
  local program=$1
  shift
  build_ah run --isolation chroot "${containers[$program]}" -- "$@" 2>>"$work/checks.log"
}

# bytes_of PROGRAM  The layers, as they lie on a disk.
bytes_of() {
  build_ah images --json "localhost/boardloop-$1" |
    sed --quiet 's/.*"size": "\([0-9.]*\) \([kMG]*\)B".*/\1\2/p' | tr k K | numfmt --from=si
}

check_size() {
  local program=$1 most=$2 bytes
  bytes=$(bytes_of "$program")
  printf '        %-8s %5d MB, at most %d MB\n' "$program" $((bytes / 1000000)) "$most"
  ((bytes <= most * 1000000)) || found "the image of $program has $((bytes / 1000000)) MB, must have at most $most"
}

check_user() {
  local program=$1 id owned
  id=$(run "$program" id --user) || true
  [[ $id == 7411 ]] || found "$program runs as user $id, must be 7411"
  # What it may write is what volumes are mounted on.
  owned=$(run "$program" bash -c 'find / -xdev -user 7411 || true' | sort | tr '\n' ' ')
  [[ $owned == "$2 " ]] || found "in the image of $program the user owns \"$owned\", must own \"$2 \""
}

# check_runs PROGRAM PATTERN COMMAND...  Prints what it should.
check_runs() {
  local program=$1 pattern=$2 output
  shift 2
  output=$(run "$program" "$@") || { found "$program: $* failed; see $work/checks.log"; return; }
  grep --quiet --regexp="$pattern" <<<"$output" || found "$program: $* printed no \"$pattern\": $output"
}

# serve PROGRAM COMMAND...  In the background, until the script ends. Its own process is what is ended: buildah's would leave
# it behind.
serve() {
  local program=$1 pid_file=/tmp/served.pid pid
  shift
  # shellcheck disable=SC2016  # The inner shell expands it.
  run "$program" bash -c 'echo $$ >"$0"; exec "$@"' "$pid_file" "$@" >>"$work/checks.log" &
  for _ in {1..100}; do
    sleep 0.2
    if pid=$(run "$program" cat "$pid_file") && [[ -n $pid ]]; then
      served+=("$pid")
      return
    fi
  done
  found "$program: $* did not start; see $work/checks.log"
}

# A network that the container of `cli` writes is measured in that of `agent`, through the coordinator in that of `server`.
check_farm() {
  local state=/var/lib/boardloop/server address
  serve server boardloop-server serve --listen 127.0.0.1:0 --address-file "$state.address"
  for _ in {1..100}; do
    if address=$(run server cat "$state.address"); then break; fi
    sleep 0.2
  done
  [[ -n ${address:-} ]] || { found "server: it wrote no address; see $work/checks.log"; return; }
  check_runs server '' boardloop-server health
  serve agent boardloop-agent serve --server "$address" --name checked --virtual virtual-stm32f405
  check_runs cli '' boardloop export mcunet_vww1 --out /results/net.tflite
  check_runs cli OK boardloop measure --server "$address" --board-type virtual-stm32f405 /results/net.tflite
}

check() {
  local program
  : >"$work/checks.log"
  for program in "${programs[@]}"; do containers[$program]=$(build_ah from --pull-never "localhost/boardloop-$program"); done

  say "sizes, users"
  check_size server 150
  check_size worker 1200
  check_size agent 900
  check_size cli 300
  check_user server "/identities/agent /identities/operator /identities/worker /identity /var/lib/boardloop"
  check_user worker "/identity /var/lib/boardloop"
  check_user agent "/identity /var/cache/boardloop /var/lib/boardloop"
  check_user cli "/identity /results /var/lib/boardloop"

  say "programs"
  check_runs server '^Exit codes:' boardloop-server --help
  check_runs worker '^Exit codes:' boardloop-worker --help
  check_runs agent '^Exit codes:' boardloop-agent --help
  check_runs cli '^Exit codes:' boardloop --help
  check_runs cli '<svg' bash -c 'boardloop analyze mcunet_vww1 --plot /results/sram.svg >&2 && cat /results/sram.svg'

  say "training"
  check_runs worker '' boardloop-worker train --epochs 0.02 --out /var/lib/boardloop/net.blc

  say "measurements on virtual boards"
  check_runs agent '"outcome": "OK"' boardloop-agent measure mcunet_vww1 --board virtual-stm32f405 --quiet --json
  check_runs agent '"outcome": "OK"' boardloop-agent measure mcunet_vww1 --board virtual-stm32f746 --quiet --json
  check_runs agent '"outcome": "OK"' boardloop-agent measure mcunet_vww1 --board virtual-stm32f405 --probe pyocd --quiet --json

  # The libraries for the other kind of core, which no virtual board has: its program is built, then there is no board.
  check_runs agent PROBE_FAILED bash -c '
    echo "boards: [{name: absent, type: stm32h743, probe: openocd, serial: none}]" >/tmp/bench.yaml
    boardloop-agent measure mcunet_vww1 --bench /tmp/bench.yaml --board absent --quiet --json || true'

  say "a farm of three containers"
  check_farm
}

check
if ((findings > 0)); then fail "$findings findings; the images are in $work/storage"; fi
say "every check passed"
