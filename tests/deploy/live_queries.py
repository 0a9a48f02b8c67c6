#!/usr/bin/env python3
"""Runs a farm, a search and a Prometheus, and asks it everything that dashboards and alerts ask.

Coordinator, worker and agent are the real programs with a virtual board; Prometheus has the rules and the scrape
configuration of deploy/, with the ports that the programs took. When a small search has succeeded:

- every query of every panel answers, and with figures where a farm without TLS and without errors has some;
- every rule is evaluated without an error, and no alert has fired;
- every metric of docs/metrics.md is there with its type and labels, no other is, and none has more than 100 series.
"""
import argparse
import contextlib
import json
import math
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator

from deploy_files import (PROMETHEUS, SKIPPED, Metric, Query, dashboards, documented_metrics, panel_queries,
                          substituted)

# The ports of prometheus.yml.
DEFAULT_ADDRESSES = {"server": "127.0.0.1:7412", "worker": "127.0.0.1:7413", "agent": "127.0.0.1:7414"}
DATASET = pathlib.Path("/usr/share/datasets/fashion-mnist")

# Scraped more often than in prometheus.yml, as a small search has stages of seconds.
SCRAPE_SECONDS = 1
RATE_SECONDS = 20
MAX_SERIES = 100

# What a farm without TLS on which nothing fails need not have; its panels may be empty.
MAY_BE_ABSENT = {
    "boardloop_certificate_expiry_timestamp_seconds": "only with TLS",
    "boardloop_rpc_errors_total": "begins with the first error",
    "boardloop_member_synchronize_errors_total": "begins with the first error",
}

# Trained just enough to go through every stage; the limits are such that some candidates are over them.
SEARCH = {
    "preset": "quick",
    "limits": {"sram_bytes": "22K", "flash_bytes": "90K", "latency_ms": 27},
    "supernet_training": {"epochs": 0.1, "warmup_epochs": 0.01},
    "scoring": {"images": 200, "calibration_images": 200},
    "evolution": {"population": 16, "generations": 2},
    "specialization": {"finalists": 1, "epochs": 0.02, "board_images": 2},
}


class Failed(Exception):
    """What the test needs went wrong, before anything could be asked."""


def log(line: str) -> None:
    """Says what the test does, as it takes minutes."""
    print(time.strftime("%H:%M:%S"), line, flush=True)


class Children:
    """Processes of ours. All end with the test, the last first."""

    def __init__(self, folder: pathlib.Path):
        self._folder = folder
        self._running: dict[str, subprocess.Popen] = {}

    def start(self, name: str, *command: object) -> None:
        """Its output goes to a file."""
        with open(self.log_file(name), "wb") as output:
            self._running[name] = subprocess.Popen([str(part) for part in command], stdout=output,
                                                   stderr=subprocess.STDOUT)

    def log_file(self, name: str) -> pathlib.Path:
        """What the process says."""
        return self._folder / f"{name}.log"

    def wait_until(self, what: str, seconds: float, condition: Callable[[], bool]) -> None:
        """Fails when a process ends or the time does."""
        deadline = time.monotonic() + seconds
        while not condition():
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise Failed(f"{name} ended with {process.returncode} before {what}; its last lines are:\n"
                                       f"{last_lines(self.log_file(name))}")
            if time.monotonic() > deadline:
                raise Failed(f"{what}: not within {seconds} s")
            time.sleep(0.2)

    def end_all(self) -> None:
        """SIGTERM and, for what does not end in time, SIGKILL."""
        for name, process in reversed(self._running.items()):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                log(f"{name} did not end by itself")


def last_lines(file: pathlib.Path) -> str:
    """For messages."""
    return "\n".join(file.read_text(errors="replace").splitlines()[-10:])


def start_farm(children: Children, programs: pathlib.Path, folder: pathlib.Path) -> tuple[str, dict[str, str]]:
    """Like `boardloop up`, but at any ports. Gives the coordinator's address, and those of the metrics."""
    address_file = folder / "address"
    any_port = "127.0.0.1:0"
    children.start("server", programs / "boardloop-server", "serve", "--listen", any_port, "--state", folder / "server",
                   "--address-file", address_file, "--metrics-listen", any_port)
    children.wait_until("the coordinator has an address", 30, address_file.exists)
    address = address_file.read_text().strip()
    children.start("worker", programs / "boardloop-worker", "serve", "--server", address, "--state", folder / "worker",
                   "--metrics-listen", any_port, "--checkpoint-seconds", "2")
    children.start("agent", programs / "boardloop-agent", "serve", "--server", address, "--state", folder / "agent",
                   "--virtual", "virtual-stm32f405:2", "--metrics-listen", any_port)
    files = {name: folder / name / "metrics-address" for name in DEFAULT_ADDRESSES}
    children.wait_until("all programs have an address for metrics", 60,
                        lambda: all(file.exists() for file in files.values()))
    return address, {name: file.read_text().strip() for name, file in files.items()}


def run_search(children: Children, programs: pathlib.Path, folder: pathlib.Path, address: str) -> None:
    """Returns when it has succeeded."""
    file = folder / "search.json"
    file.write_text(json.dumps(SEARCH))
    boardloop = [str(programs / "boardloop")]
    subprocess.run([*boardloop, "submit", str(file), "--name", "live", "--quiet", "--server", address], check=True)

    def ended() -> bool:
        answer = subprocess.run([*boardloop, "show", "live", "--json", "--server", address], check=True,
                                capture_output=True, text=True)
        search = json.loads(answer.stdout)
        if search["state"] not in ("RUNNING", "SUCCEEDED"):
            raise Failed(f"the search is {search['state']}: {search.get('message', 'no message')}")
        return search["state"] == "SUCCEEDED"

    children.wait_until("the search has succeeded", 900, ended)


class Prometheus:
    """A server with the rules of deploy/, that scrapes the given addresses."""

    def __init__(self, children: Children, folder: pathlib.Path, addresses: dict[str, str]):
        file = folder / "prometheus.yml"
        file.write_text(configuration(addresses))
        children.start("prometheus", "prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder}/prometheus",
                       "--web.listen-address=127.0.0.1:0", "--log.level=info")
        output = children.log_file("prometheus")
        listening = re.compile(r'msg="Listening on" address=(\S+)')
        children.wait_until("Prometheus has an address", 30, lambda: bool(listening.search(output.read_text())))
        self._url = f"http://{listening.search(output.read_text())[1]}/api/v1/"
        self._start = time.time()

    def ask(self, path: str, **parameters: object) -> object:
        """The `data` of an answer; a ValueError with Prometheus' own words when there is none."""
        url = self._url + path + "?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from error

    def values(self, query: Query) -> list[float]:
        """What a panel would have shown at any time since the test began, of all its series: when the search has ended
        there is no time left to show."""
        series = self.ask("query_range", query=substituted(query.expr, RATE_SECONDS), start=self._start,
                          end=time.time(), step=SCRAPE_SECONDS)["result"]
        return [float(value) for each in series for _, value in each["values"]]


def configuration(addresses: dict[str, str]) -> str:
    """prometheus.yml of deploy/ for these addresses, and for any folder."""
    text = (PROMETHEUS / "prometheus.yml").read_text()
    changes = [(f'"{default}"', f'"{addresses[name]}"') for name, default in DEFAULT_ADDRESSES.items()]
    changes += [("- rules/", f"- {PROMETHEUS}/rules/"),
                ("scrape_interval: 5s", f"scrape_interval: {SCRAPE_SECONDS}s"),
                ("scrape_timeout: 4s", f"scrape_timeout: {SCRAPE_SECONDS}s"),
                ("evaluation_interval: 5s", f"evaluation_interval: {SCRAPE_SECONDS}s")]
    for before, after in changes:
        if before not in text:
            raise Failed(f"prometheus.yml has no {before}, which this test replaces")
        text = text.replace(before, after)
    return text


def check_panels(prometheus: Prometheus) -> Iterator[str]:
    """Every query answers, and with figures where there must be some."""
    for query in [query for file, dashboard in dashboards().items() for query in panel_queries(file, dashboard)]:
        try:
            values = prometheus.values(query)
        except ValueError as error:
            yield f"{query.where}: {error}"
            continue
        if not any(math.isfinite(value) for value in values):
            excuse = [reason for name, reason in MAY_BE_ABSENT.items() if name in query.expr]
            if excuse:
                log(f"{query.where} is empty: {excuse[0]}")
            else:
                yield f"{query.where}: {'only NaN' if values else 'nothing'} for {query.expr}"


def check_rules(prometheus: Prometheus) -> Iterator[str]:
    """Every rule was evaluated and is well, and no alert has fired."""
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    if not rules:
        yield "Prometheus has no rules"
    for rule in rules:
        if rule["health"] != "ok":
            yield f"{rule['name']} is {rule['health']}: {rule.get('lastError', 'not evaluated yet')}"
        if rule["type"] == "recording" and not prometheus.ask("query", query=rule["name"])["result"]:
            yield f"{rule['name']} records nothing"
    fired = prometheus.ask("query", query='count_over_time(ALERTS{alertstate="firing"}[1h])')["result"]
    for alert in fired:
        yield f"an alert has fired: {json.dumps(alert['metric'])}"


def check_metrics(prometheus: Prometheus, documented: dict[str, Metric]) -> Iterator[str]:
    """What programs show is what docs/metrics.md says."""
    series = prometheus.ask("series", **{"match[]": '{job=~"boardloop-.*", __name__=~"(boardloop|process)_.*"}'})
    by_series = {name: metric for metric in documented.values() for name in metric.series_names()}
    sizes = Counter((each["__name__"], each["job"]) for each in series)
    for (name, job), size in sorted(sizes.items()):
        if size > MAX_SERIES:
            yield f"{name} of {job} has {size} series, may have {MAX_SERIES}"
    for name in sorted({each["__name__"] for each in series} - set(by_series)):
        yield f"{name} is not in docs/metrics.md"
    for name, metric in sorted(by_series.items()):
        found = [set(each) for each in series if each["__name__"] == name]
        if not found and metric.name not in MAY_BE_ABSENT:
            yield f"{name} is in docs/metrics.md, and no program has it"
        for labels in found:
            # An empty label is none: Prometheus does not keep it.
            extra = labels - metric.labels - {"__name__", "job", "instance", "le"}
            if extra:
                yield f"{name} has the label {', '.join(sorted(extra))}, which docs/metrics.md does not name"
                break
    for name, entries in prometheus.ask("metadata").items():
        if name in documented and {entry["type"] for entry in entries} != {documented[name].kind}:
            yield f"{name} is a {entries[0]['type']}, docs/metrics.md says {documented[name].kind}"
    log(f"{len(series)} series; the largest: " +
        ", ".join(f"{name} of {job} {size}" for (name, job), size in sizes.most_common(3)))


def check_all(prometheus: Prometheus) -> list[str]:
    """What is wrong, a line each."""
    return [*check_panels(prometheus), *check_rules(prometheus), *check_metrics(prometheus, documented_metrics())]


def skip_unless_possible(programs: pathlib.Path) -> None:
    """Ends the test as skipped where something that it needs is not installed."""
    missing = []
    if shutil.which("prometheus") is None:
        missing.append("prometheus (deploy/install-deps.sh dev)")
    if not DATASET.is_dir():
        missing.append(f"{DATASET} (deploy/install-deps.sh)")
    if not (programs / "boardloop-worker").exists():
        missing.append(f"boardloop-worker in {programs}")
    if missing:
        print("skipped: there is no", ", no ".join(missing))
        sys.exit(SKIPPED)


def target(text: str) -> tuple[str, str]:
    """NAME=HOST:PORT"""
    name, _, address = text.partition("=")
    if name not in DEFAULT_ADDRESSES or not address:
        raise argparse.ArgumentTypeError(f"{text} is not one of server, worker, agent, then =HOST:PORT")
    return name, address


def run(flags: argparse.Namespace) -> list[str]:
    """The whole test; what is wrong, a line each."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="boardloop-live-"))
        if flags.keep:
            log(f"everything lies in {folder}")
        else:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        children = Children(folder)
        stack.callback(children.end_all)
        address, addresses = "", dict(flags.target)
        if not addresses:
            log("starting a farm")
            address, addresses = start_farm(children, flags.programs, folder)
        prometheus = Prometheus(children, folder, addresses)
        if address:
            log("searching")
            run_search(children, flags.programs, folder, address)
        time.sleep(flags.seconds)
        log("asking")
        found = check_all(prometheus)
        for problem in found:
            print(problem)
        log(f"{len(found)} problems")
        return found


def main() -> None:
    """Exits with 1 when anything is wrong, with 77 when the test cannot run here."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"), metavar="FOLDER",
                        help="where the programs are (default: %(default)s)")
    parser.add_argument("--target", type=target, action="append", default=[], metavar="NAME=HOST:PORT",
                        help="ask about programs that run already, server, worker and agent, and start none")
    parser.add_argument("--seconds", type=int, default=10, metavar="N",
                        help="scrape so long after the search, or with --target (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the folder of logs and states")
    flags = parser.parse_args()
    if not flags.target:
        skip_unless_possible(flags.programs)
    # A test that ctest ends ends its children, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    try:
        found = run(flags)
    except (Failed, subprocess.CalledProcessError) as error:
        sys.exit(f"live_queries: {error}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
