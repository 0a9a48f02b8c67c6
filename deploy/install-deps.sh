#!/usr/bin/env bash
# Installs the distribution packages that Boardloop is built from. Runs in a moment when nothing is
# missing, so that every script may call it first.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/install-deps.sh [build|dev|images]

  build   what building, testing and running need (default)
  dev     build, and clang, the linters and the fuzzer's runtime
  images  only what tests/docker/build_images.sh needs

Works on Debian 12 and Ubuntu 24.04, as root or through sudo.
  --print   only print the names of the packages, one per line
TEXT
}

# Both systems know these packages by the same names.
build_packages=(
  g++ cmake ninja-build ccache
  libabsl-dev                             # status, strings, containers
  libgoogle-glog-dev                      # logging, CHECK
  libprotobuf-dev protobuf-compiler       # spaces, the programs' contracts
  libgrpc++-dev protobuf-compiler-grpc    # the services
  libsqlite3-dev                          # the coordinator's store
  prometheus-cpp-dev libcpp-httplib-dev   # metrics, and the HTTP that shows them
  libflatbuffers-dev flatbuffers-compiler # .tflite
  nlohmann-json3-dev libyaml-cpp-dev      # subnet files, board types
  libcli11-dev                            # command line
  libxxhash-dev                           # content hashes
  libssl-dev libelf-dev                   # sha256, TLS; what is in a firmware image
  libjpeg-dev libpng-dev                  # images
  libtorch-dev libgloo-dev                # training; exchange of gradients between processes
  libopenblas0-pthread                    # the distribution's plain BLAS is ten times slower
  zlib1g-dev                              # .gz data sets
  libsndfile1-dev libkissfft-dev          # recordings and their spectrograms
  dataset-fashion-mnist                   # 70,000 small images to train on
  gnuplot-nox                             # plots
  gcc-arm-none-eabi binutils-arm-none-eabi libnewlib-arm-none-eabi  # firmware
  qemu-system-arm openocd                 # virtual boards, debug probes
  python3-venv                            # pyOCD, from deploy/install-pyocd.sh
  python3-grpcio python3-protobuf         # the API from Python, in a test
  python3-yaml                            # reads docker/compose.yaml, in a test
  curl                                    # asks for metrics, in a tutorial that a test runs
  libgtest-dev libgmock-dev libbenchmark-dev
)
# Formatting and findings differ between versions of the tools, so two have theirs in the name.
dev_packages=(
  chromium                                # looks at reports, in a test
  prometheus                              # checks rules, and asks what dashboards ask, in tests
  git clang clang-format-14 clang-tidy-14 libclang-rt-dev shellcheck pre-commit
)
# They build images without an engine for containers, on a system made of packages.
images_packages=(buildah debootstrap)

packages=("${build_packages[@]}")
print_only=false
for argument in "$@"; do
  case "$argument" in
    build) ;;
    dev) packages=("${build_packages[@]}" "${dev_packages[@]}") ;;
    images) packages=("${images_packages[@]}") ;;
    --print) print_only=true ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
if $print_only; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

fail() {
  printf 'install-deps: %s\n' "$*" >&2
  exit 1
}

# "debian 12", "ubuntu 24.04", or what else this is.
# shellcheck source=/dev/null
system=$(. /etc/os-release 2>/dev/null && echo "${ID:-unknown} ${VERSION_ID:-}" || echo unknown)
case "$system" in
  "debian 12" | "ubuntu 24.04") ;;
  *)
    fail "this is $system; packages are installed on Debian 12 and Ubuntu 24.04 only. Elsewhere," \
      "install what these hold and use CMake's presets directly: ${packages[*]}"
    ;;
esac

is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}
missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then exit 0; fi

if ((EUID == 0)); then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  fail "needs root or sudo to install: ${missing[*]}"
fi

log=$(mktemp --tmpdir boardloop-install-XXXXXX.log)
trap 'rm --force "$log"' EXIT

# Waits up to five minutes for another package manager; mirrors and links get three attempts.
apt_get() {
  local attempt
  for attempt in 1 2 3; do
    if "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet \
      --option DPkg::Lock::Timeout=300 --option Acquire::Retries=3 "$@" >>"$log" 2>&1; then
      return 0
    fi
    ((attempt == 3)) || sleep $((attempt * 5))
  done
  return 1
}

echo "installing ${#missing[@]} packages: ${missing[*]}"
if ! apt_get update || ! apt_get install --no-install-recommends "${missing[@]}"; then
  tail --lines=40 "$log" >&2
  trap - EXIT
  fail "apt-get failed, see above; the whole log is $log"
fi
