#!/usr/bin/env python3
"""Runs clang-tidy on sources named on standard input, one per line, and remembers which had no finding.

    git ls-files '*.cc' | tests/tidy.py BUILD_DIR [--minutes M]

A source is looked at again when it, a header of ours that it names, its compile command, .clang-tidy or clang-tidy
itself has changed. What headers include in turn does not count: one of them would bring back every source, an hour of
work, for findings that are seldom there. The memory is a folder of empty files in $XDG_CACHE_HOME/boardloop/tidy
(~/.cache/boardloop/tidy); without it, all sources are looked at. What the newest commits touched comes first; with
--minutes, what has not begun by then is left to the next run, and the last line says how many those are.
Exits with 1 if there are findings, which go to standard output.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TIDY = "clang-tidy-14"
# The path-sensitive analyzer stops at so many nodes a function instead of 225,000. It looks less deep, and a
# source with large functions takes 6 s instead of 31 s.
OPTIONS = ["--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wthread-safety",
           "--extra-arg=-Xclang", "--extra-arg=-analyzer-config", "--extra-arg=-Xclang",
           "--extra-arg=max-nodes=20000"]


def read_commands(build):
    """Source path -> compile command; GCC's, less its precompiled headers, which clang cannot read."""
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        entry["command"] = re.sub(r" -(Winvalid-pch|fpch-preprocess)| -include \S*cmake_pch\.hxx", "",
                                  entry["command"])
    return {entry["file"]: entry for entry in entries}


def texts_of(root, source):
    """Of a source and the headers of ours that it names."""
    text = (root / source).read_text()
    headers = [root / name for name in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE)]
    return [text, *(header.read_text() for header in headers if header.is_file())]


def newest_first(sources):
    """In the order in which the newest commits touched them; what no commit knows is newer still."""
    log = subprocess.run(["git", "log", "--max-count=200", "--format=", "--name-only"], check=True, capture_output=True,
                         text=True).stdout.split()
    known = set(subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout.split())
    age = {}
    for position, name in enumerate(log):
        age.setdefault(name, position)
    return sorted(sources, key=lambda source: age.get(source, len(log)) if source in known else -1)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="build folder with compile_commands.json")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="time after which no source is begun")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    end = time.monotonic() + 60 * arguments.minutes
    root = pathlib.Path.cwd()
    build = arguments.build.resolve()
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    memory = cache / "boardloop" / "tidy"
    memory.mkdir(parents=True, exist_ok=True)

    commands = read_commands(build)
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True, text=True).stdout
    common = [version, (root / ".clang-tidy").read_text(), *OPTIONS]

    def key_of(source):
        """Names what findings depend on; None where the build does not compile it."""
        entry = commands.get(str(root / source))
        if entry is None:
            return None
        # Another checkout of the same tree has the same key.
        parts = common + [entry["command"].replace(str(root), ""), *texts_of(root, source)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    sources = newest_first([line.strip() for line in sys.stdin if line.strip()])
    keys = {source: key_of(source) for source in sources}
    due = [source for source in sources if not keys[source] or not (memory / keys[source]).exists()]

    with tempfile.TemporaryDirectory() as database:
        (pathlib.Path(database) / "compile_commands.json").write_text(json.dumps(list(commands.values())))

        def check(source):
            if time.monotonic() > end:
                return None
            return subprocess.run([TIDY, *OPTIONS, "-p", database, source], capture_output=True, text=True)

        failed = left = 0
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for source, result in zip(due, pool.map(check, due)):
                if result is None:
                    left += 1
                elif result.returncode == 0 and keys[source]:
                    (memory / keys[source]).touch()
                elif result.returncode != 0:
                    failed += 1
                    print(f"{source}\n{result.stdout or result.stderr}")
    print(f"{len(sources)} sources, {len(due)} of them new or changed, {failed} with findings"
          + (f", {left} left to the next run" if left else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
