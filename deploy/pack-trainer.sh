#!/usr/bin/env bash
# Packs boardloop-worker for a machine with a GPU: its sources, and the headers, libraries and tools of the
# distribution that they need. There, CMake, Ninja or Make, a C++ compiler and LibTorch 2.x must be installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: deploy/pack-trainer.sh [--out FILE]

  --out FILE  the archive (default: build/trainer.tar.xz)

On the other machine (the same processor architecture and a C library at least as new):

  tar --extract --file trainer.tar.xz
  trainer/build.sh                        # LibTorch from the torch package of python3
  trainer/build.sh --libtorch FOLDER      # or unpacked in a folder
  trainer/build/bin/boardloop-worker train --preset cifar10 --data DIR --out supernet.blc
TEXT
}

out=build/trainer.tar.xz
while (($# > 0)); do
  case "$1" in
    --out) out=${2:?--out needs a file}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

# What BOARDLOOP_TRAINER_ONLY looks for; what these load follows from their files.
packages=(
  libabsl-dev libprotobuf-dev protobuf-compiler libflatbuffers-dev flatbuffers-compiler
  nlohmann-json3-dev libyaml-cpp-dev libcli11-dev libgoogle-glog-dev libgflags-dev libunwind-dev
  libxxhash-dev libjpeg62-turbo-dev libpng-dev zlib1g-dev libsndfile1-dev libkissfft-dev
)

scratch=$(mktemp --directory)
trap 'rm --recursive --force "$scratch"' EXIT
pack=$scratch/trainer
mkdir --parents "$pack/source" "$pack/sysroot"

git ls-files --cached --others --exclude-standard -- CMakeLists.txt cmake proto core cli worker |
  xargs cp --parents --target-directory "$pack/source"

# Headers, libraries and CMake files of a package; no documents, no static twin of a shared library.
for package in "${packages[@]}"; do
  dpkg-query --listfiles "$package" |
    grep --extended-regexp '^/usr/(include|lib|bin|share/cmake|share/nlohmann)' |
    grep --invert-match --extended-regexp '/(pkgconfig|python[0-9.]*)/' |
    while read -r file; do
      [[ -d $file && ! -L $file ]] && continue
      printf '%s\n' "$file"
      if [[ $file == *.so ]]; then realpath "$file"; fi  # It lies in the package of the library.
    done
done | sort --unique >"$scratch/files"
grep '\.so$' "$scratch/files" | sed 's/\.so$/.a/' | sort >"$scratch/twins"
comm -23 "$scratch/files" "$scratch/twins" |
  tar --create --files-from=- --absolute-names --file=- | tar --extract --directory "$pack/sysroot" \
  --transform='s,^/,,' --file=-

# Shared libraries that the packed ones and the tools load, but those of every system.
mapfile -t loaded < <(
  find "$pack/sysroot" \( -name '*.so*' -o -path '*/bin/*' \) -print0 |
    xargs --null ldd 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort --unique |
    grep --invert-match --extended-regexp '/(libc|libm|libdl|librt|libpthread|libgcc_s|libstdc\+\+)\.so'
)
libraries=$pack/sysroot/usr/lib/$(gcc -print-multiarch)
for library in "${loaded[@]}"; do
  [[ -e $libraries/$(basename "$library") ]] || cp --dereference "$library" "$libraries/"
done

cat >"$pack/build.sh" <<'BUILD'
#!/usr/bin/env bash
# Builds boardloop-worker against this machine's LibTorch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: build.sh [--libtorch FOLDER] [--jobs N]

  --libtorch FOLDER  with include/ and lib/ (default: the torch package of python3)
  --jobs N           parallel compilers (default: one per processor)
TEXT
}

libtorch=
jobs=$(nproc)
while (($# > 0)); do
  case "$1" in
    --libtorch) libtorch=${2:?--libtorch needs a folder}; shift 2 ;;
    --jobs) jobs=${2:?--jobs needs a number}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
if [[ -z $libtorch ]]; then
  libtorch=$(python3 -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])') || {
    echo "build.sh: python3 has no torch; give --libtorch FOLDER" >&2
    exit 1
  }
fi

multiarch=$(gcc -print-multiarch)
sysroot=$PWD/sysroot/usr
export LD_LIBRARY_PATH=$sysroot/lib/$multiarch${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}  # For protoc and flatc.
cmake -S source -B build -DCMAKE_BUILD_TYPE=Release -DBOARDLOOP_TRAINER_ONLY=ON \
  -DLIBTORCH_ROOT="$libtorch" -DCMAKE_PREFIX_PATH="$sysroot" -DCMAKE_LIBRARY_ARCHITECTURE="$multiarch" \
  -DProtobuf_ROOT="$sysroot" -DFLATC="$sysroot/bin/flatc" \
  -DProtobuf_PROTOC_EXECUTABLE="$sysroot/bin/protoc" \
  -DCMAKE_BUILD_RPATH="$sysroot/lib/$multiarch"
cmake --build build --target boardloop-worker --parallel "$jobs"
build/bin/boardloop-worker --version
BUILD
chmod +x "$pack/build.sh"

mkdir --parents "$(dirname "$out")"
tar --create --xz --directory "$scratch" --file "$out" trainer
printf '%s: %d kB\n' "$out" $(($(stat --format=%s "$out") / 1024))
