#!/usr/bin/env python3
"""Checks the dashboards of deploy/grafana, and that they, the rules and docs/metrics.md speak of the same metrics."""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import lint_venv
from deploy_files import (DASHBOARDS, DOCS, PROMETHEUS, Metric, Query, dashboards, documented_metrics, panel_queries,
                          panels, substituted)

lint_venv.need("grafana_foundation_sdk", "yaml")
import grafana_types  # pylint: disable=wrong-import-position
import yaml  # pylint: disable=wrong-import-position

DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 120
# What Prometheus itself adds.
PROMETHEUS_SERIES = {"up", "ALERTS"}
PROMETHEUS_LABELS = {"job", "instance", "le", "alertname", "alertstate"}


def formatted(value: object, indent: int = 0, used: int = 0) -> str:
    """JSON in which what fits a line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + used + len(line) <= WIDTH:
        return line
    pad = " " * (indent + 2)
    if isinstance(value, list):
        lines = [pad + formatted(item, indent + 2, 1) for item in value]
        return "[\n" + ",\n".join(lines) + "\n" + " " * indent + "]"
    lines = []
    for key, item in value.items():
        name = json.dumps(key, ensure_ascii=False) + ": "
        lines.append(pad + name + formatted(item, indent + 2, len(name) + 1))
    return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"


def check_dashboard(file: str, dashboard: dict) -> Iterator[str]:
    """One dashboard by itself."""
    mistyped = list(grafana_types.problems(dashboard))
    if mistyped:
        yield from (f"{file}: {problem}" for problem in mistyped)
        return  # The other checks rely on the types.
    if (DASHBOARDS / file).read_text() != formatted(dashboard) + "\n":
        yield f"{file} is not formatted: tests/deploy/dashboards.py --format"
    if dashboard["uid"] != "boardloop-" + pathlib.Path(file).stem:
        yield f"{file}: uid is {dashboard['uid']}, links and bookmarks need boardloop-{pathlib.Path(file).stem}"
    if "boardloop" not in dashboard.get("tags", []):
        yield f"{file}: without the tag boardloop the other dashboards do not link to it"
    if not any(link["type"] == "dashboards" and "boardloop" in link["tags"] for link in dashboard["links"]):
        yield f"{file} does not link to the other dashboards"
    yield from check_variables(file, dashboard)
    for panel in panels(dashboard):
        for problem in check_panel(panel):
            yield f"{file}: {panel.get('title', panel['id'])}: {problem}"
    for source in data_sources(dashboard):
        if source != DATA_SOURCE:
            yield f"{file}: the data source {source} must be the variable's, {DATA_SOURCE}"
    yield from check_layout(file, dashboard)


def data_sources(value: object) -> Iterator[object]:
    """Every data source that is named anywhere."""
    if isinstance(value, dict):
        if "datasource" in value:
            yield value["datasource"]
        for item in value.values():
            yield from data_sources(item)
    elif isinstance(value, list):
        for item in value:
            yield from data_sources(item)


def check_variables(file: str, dashboard: dict) -> Iterator[str]:
    """All that are used are there, and all that are there are used."""
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    rest = dashboard | {"templating": {"list": [variable | {"name": "", "label": ""}
                                                for variable in dashboard["templating"]["list"]]}}
    used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(rest)))
    for name in names - used:
        yield f"{file}: variable {name} is not used"
    for name in used - names:
        yield f"{file}: there is no variable {name}"


def check_panel(panel: dict) -> Iterator[str]:
    """What every panel needs so that somebody who did not make it can read it."""
    for field in ("title", "description"):
        if not panel.get(field):
            yield f"has no {field}"
    if not panel["fieldConfig"]["defaults"].get("unit"):
        yield "has no unit"
    if not panel["fieldConfig"]["defaults"].get("thresholds"):
        yield "has no thresholds"
    if not all("datasource" in part for part in [panel, *panel["targets"]]):
        yield "has no data source"
    if panel["type"] != "table" and not all(target.get("legendFormat") for target in panel["targets"]):
        yield "has a query without a legend"


def check_layout(file: str, dashboard: dict) -> Iterator[str]:
    """No panel over another or out of the grid of 24 columns, no id twice."""
    taken: dict[tuple[int, int], str] = {}
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        yield f"{file}: an id of a panel is there twice"
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{file}: {panel['title']} is wider than the page"
        for cell in [(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])]:
            if cell in taken:
                yield f"{file}: {panel['title']} lies over {taken[cell]}"
                break
            taken[cell] = panel["title"]


def rules() -> list[dict]:
    """All rules, recording and alerting."""
    files = [PROMETHEUS / "rules" / name for name in ("recording.yml", "alerts.yml")]
    return [rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def check_alerts(all_rules: list[dict]) -> Iterator[str]:
    """Who is called by an alert finds out what to do."""
    headings = set(re.findall(r"^### (\w+)$", DOCS.read_text(), re.MULTILINE))
    alerts = {rule["alert"]: rule for rule in all_rules if "alert" in rule}
    for name, rule in alerts.items():
        for field in ("summary", "description"):
            if not rule.get("annotations", {}).get(field):
                yield f"{name} has no {field}"
        if rule.get("annotations", {}).get("runbook") != f"docs/metrics.md#{name.lower()}":
            yield f"{name}: runbook is not docs/metrics.md#{name.lower()}"
        if rule.get("labels", {}).get("severity") not in ("critical", "warning"):
            yield f"{name}: severity must be critical or warning"
        if name not in headings:
            yield f"{name} has no runbook in docs/metrics.md"
    for heading in sorted(headings):
        if heading.startswith("Boardloop") and heading not in alerts:
            yield f"docs/metrics.md has a runbook for {heading}, which is not an alert"


def check_metrics(queries: list[Query], recorded: set[str], metrics: dict[str, Metric]) -> Iterator[str]:
    """What is used is documented with these labels, and what is documented is used."""
    by_series = {series: metric for metric in metrics.values() for series in metric.series_names()}
    all_labels = PROMETHEUS_LABELS.union(*(metric.labels for metric in metrics.values()))
    used = set()
    for query in queries:
        text = re.sub(r'"[^"]*"', '""', query.expr)
        for name, selector in re.findall(r"((?:boardloop|process)[_:][\w:]*|up|ALERTS)\b(?:\{([^}]*)\})?", text):
            if name in recorded or name in PROMETHEUS_SERIES:
                continue
            if name not in by_series:
                yield f"{query.where}: {name} is not in docs/metrics.md"
                continue
            used.add(by_series[name].name)
            for label in re.findall(r"(\w+) *[=!]", selector):
                if label not in by_series[name].labels | PROMETHEUS_LABELS:
                    yield f"{query.where}: {name} has no label {label}"
        for clause in re.findall(r"\b(?:by|without|on|ignoring) *\(([^)]*)\)", text):
            for label in re.findall(r"\w+", clause):
                if label not in all_labels:
                    yield f"{query.where}: no metric has a label {label}"
    for name in sorted(set(metrics) - used):
        yield f"{name} of docs/metrics.md is in no panel and no rule"


def check_recorded_are_used(queries: list[Query], recorded: set[str]) -> Iterator[str]:
    """A recorded series that nobody reads costs for nothing."""
    for name in sorted(recorded):
        if not any(name in query.expr for query in queries):
            yield f"{name} is recorded and used nowhere"


def check_syntax(queries: list[Query]) -> Iterator[str]:
    """Every query of a panel is PromQL. Needs promtool."""
    # Rules are the only files in which promtool reads queries.
    lines = [{"record": f"query_{index}", "expr": substituted(query.expr, 60)} for index, query in enumerate(queries)]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "queries.yml"
        file.write_text(json.dumps({"groups": [{"name": "queries", "rules": lines}]}))
        result = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        bad = re.search(r'"query_(\d+)": (.*)', result.stderr)
        yield f"{queries[int(bad[1])].where}: {bad[2]}" if bad else result.stderr


def reformat() -> None:
    """Rewrites the dashboards as the test wants them."""
    for file, dashboard in dashboards().items():
        (DASHBOARDS / file).write_text(formatted(dashboard) + "\n")


def main() -> None:
    """Prints what is wrong, a line each, and exits with 1 when anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", action="store_true", help="rewrite the dashboards in the format that is checked")
    if parser.parse_args().format:
        reformat()
        return

    all_dashboards, all_rules, metrics = dashboards(), rules(), documented_metrics()
    in_panels = [query for file, dashboard in all_dashboards.items() for query in panel_queries(file, dashboard)]
    in_variables = [Query(f"{file}: variable {variable['name']}", variable["query"])
                    for file, dashboard in all_dashboards.items()
                    for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    in_rules = [Query(rule.get("alert") or rule["record"], rule["expr"]) for rule in all_rules]
    recorded = {rule["record"] for rule in all_rules if "record" in rule}

    found = [problem for file, dashboard in all_dashboards.items() for problem in check_dashboard(file, dashboard)]
    found += check_alerts(all_rules)
    found += check_metrics(in_panels + in_variables + in_rules, recorded, metrics)
    found += check_recorded_are_used(in_panels + in_rules, recorded)
    if shutil.which("promtool"):
        found += check_syntax(in_panels)
    else:
        print("without promtool queries are not parsed; deploy/install-deps.sh dev brings it")

    for problem in found:
        print(problem)
    print(f"{len(all_dashboards)} dashboards, {len(in_panels)} queries of panels, {len(all_rules)} rules, "
          f"{len(metrics)} metrics: {len(found)} problems")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
