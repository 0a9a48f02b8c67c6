"""What the tests of deploy/ read: dashboards, rules and the tables of docs/metrics.md."""
import json
import pathlib
import re
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "deploy/grafana/dashboards"
PROMETHEUS = ROOT / "deploy/prometheus"
DOCS = ROOT / "docs/metrics.md"

# Exit status of a test that cannot run here; ctest shows it as skipped.
SKIPPED = 77


@dataclass(frozen=True)
class Metric:
    """A row of docs/metrics.md."""
    name: str
    kind: str  # counter, gauge or histogram
    labels: frozenset[str]

    def series_names(self) -> set[str]:
        """Names of its series in Prometheus."""
        if self.kind != "histogram":
            return {self.name}
        return {self.name + suffix for suffix in ("_bucket", "_sum", "_count")}


@dataclass(frozen=True)
class Query:
    """One PromQL expression, and where it stands, for messages."""
    where: str
    expr: str


def documented_metrics() -> dict[str, Metric]:
    """All metrics by name."""
    metrics = {}
    row = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \| ([^|]*)\|")
    for line in DOCS.read_text().splitlines():
        if match := row.match(line):
            name, kind, labels = match.groups()
            metrics[name] = Metric(name, kind, frozenset(re.findall(r"`(\w+)`", labels)))
    return metrics


def dashboards() -> dict[str, dict]:
    """All dashboards by file name."""
    return {path.name: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}


def panels(dashboard: dict) -> list[dict]:
    """The panels that show something; rows only group them."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def panel_queries(file: str, dashboard: dict) -> list[Query]:
    """The queries of all panels, in their order."""
    return [Query(f"{file}: {panel['title']} ({target['refId']})", target["expr"])
            for panel in panels(dashboard) for target in panel["targets"]]


def substituted(expr: str, seconds: int) -> str:
    """The expression as Grafana would send it: every variable at `All`, ranges of so many seconds."""
    for variable in ("$__rate_interval", "$__range", "$__interval"):
        expr = expr.replace(variable, f"{seconds}s")
    return re.sub(r"\$\{?[a-z]\w*\}?", ".*", expr)
