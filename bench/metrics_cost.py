#!/usr/bin/env python3
"""What metrics cost: runs the demo, scrapes its programs as a Prometheus does, and compares.

    bench/metrics_cost.py [--interval SECONDS] [-- ARGUMENT...]    arguments are those of demo.sh

Each program counts the processor time that it spends on collecting and writing metrics
(boardloop_metrics_cpu_seconds_total). Their sum is set against the time for which the demo's programs ran. Exits with 1
when it is more than 1 % of that, or when a program showed nothing.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = ["server", "worker", "agent"]
LIMIT = 0.01


class Scrapes:
    """Of one program."""

    def __init__(self):
        self.count = 0
        self.begin = self.end = time.monotonic()
        self.text = ""

    def take(self, address: str) -> None:
        """A program that has just ended has nothing more to say."""
        try:
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except OSError:
            return
        now = time.monotonic()
        if self.count == 0:
            self.begin = now
        self.end, self.text = now, text
        self.count += 1

    def value(self, metric: str) -> float:
        found = re.search(rf"^{metric} (\S+)$", self.text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def series(self) -> int:
        return sum(1 for line in self.text.splitlines() if line and not line.startswith("#"))


def address_of(farm: pathlib.Path, program: str) -> str:
    """Empty while the program does not serve."""
    try:
        return (farm / program / "metrics-address").read_text().strip()
    except OSError:
        return ""


def run_demo(arguments: list[str], out: str, interval: float) -> dict[str, Scrapes]:
    farm = pathlib.Path(out) / "farm"
    scrapes = {program: Scrapes() for program in PROGRAMS}
    demo = subprocess.Popen([ROOT / "demo.sh", "--out", out, *arguments])
    try:
        while demo.poll() is None:
            for program in PROGRAMS:
                if address := address_of(farm, program):
                    scrapes[program].take(address)
            time.sleep(interval)
    finally:
        demo.terminate()
        demo.wait()
    if demo.returncode != 0:
        sys.exit(f"the demo ended with {demo.returncode}")
    return scrapes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interval", type=float, default=5, help="seconds between scrapes, as in prometheus.yml")
    parser.add_argument("demo", nargs="*", help="arguments of demo.sh")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="boardloop-metrics-cost.") as out:
        scrapes = run_demo(arguments.demo, out, arguments.interval)
    if silent := [program for program in PROGRAMS if scrapes[program].count < 2]:
        sys.exit(f"no metrics of {', '.join(silent)}")
    seconds = max(each.end for each in scrapes.values()) - min(each.begin for each in scrapes.values())
    print("\nprogram  scrapes  series  metrics, CPU s  program, CPU s")
    for program, each in scrapes.items():
        print(f"{program:7}  {each.count:7}  {each.series():6}  "
              f"{each.value('boardloop_metrics_cpu_seconds_total'):14.3f}  "
              f"{each.value('process_cpu_seconds_total'):14.1f}")
    cost = sum(each.value("boardloop_metrics_cpu_seconds_total") for each in scrapes.values())
    print(f"{cost:.3f} s of {seconds:.0f} s that the programs ran: {cost / seconds:.3%}, at most {LIMIT:.0%}")
    sys.exit(0 if cost <= LIMIT * seconds else 1)


if __name__ == "__main__":
    main()
