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
build_ah() {
  buildah --root "$work/storage" --runroot "$work/run" --storage-driver "$driver" "$@"
}

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
