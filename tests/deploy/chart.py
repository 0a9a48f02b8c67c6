#!/usr/bin/env python3
"""Checks the Helm chart: it renders with each ci values file, and what it renders keeps the promises of its README.

Usage: chart.py BIN

BIN is the folder of the built programs, whose --help must know every flag that a container uses. Exits with 77 when helm,
a Python package or a program is missing: skipped. Needs deploy/install-lint-tools.sh.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

from deploy_files import ROOT, SKIPPED
from lint_venv import need

need("kubernetes_validate", "yaml")
import kubernetes_validate
import yaml

HELM = ROOT / ".venv/lint/bin/helm"
CHART = ROOT / "deploy/kubernetes/boardloop"
KUBERNETES = ["1.25.0", "1.30.0", "1.34.0"]
# Objects of operators: kind -> a path that must be there.
OPERATORS = {
    "ScaledObject": ["spec", "scaleTargetRef", "name"],
    "ServiceMonitor": ["spec", "selector", "matchLabels"],
    "PodMonitor": ["spec", "selector", "matchLabels"],
    "PrometheusRule": ["spec", "groups"],
}
# What these values must be refused for, and the word that the message has.
REFUSED = {
    "image.tag=latest": "image.tag",
    "worker.gpus=2": "gpus",
    "server.enabled=false": "server.address",
    "worker.autoscaling.enabled=true": "prometheusAddress",
    "worker.treads=3": "treads",
}


def skip(reason):
    print(f"chart: skipped: {reason}")
    sys.exit(SKIPPED)


failures = []


def expect(condition, message):
    if not condition:
        failures.append(message)


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def render(helm, *arguments):
    return run(helm, "template", "farm-a", CHART, "--namespace", "research", *arguments)


def at(value, path):
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def matches(selector, labels):
    return selector and all(labels.get(k) == v for k, v in selector.items())


def workloads(objects):
    return [o for o in objects if o["kind"] in ("Deployment", "StatefulSet")]


def pod_labels(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def check_schemas(where, objects, version):
    for o in objects:
        name = f"{where}: {o['kind']} {o['metadata']['name']}"
        if o["kind"] in OPERATORS:
            expect(at(o, OPERATORS[o["kind"]]), f"{name}: nothing at {'.'.join(OPERATORS[o['kind']])}")
            continue
        try:
            kubernetes_validate.validate(o, version.rpartition(".")[0], strict=True)
        except kubernetes_validate.ValidationError as error:
            failures.append(f"{name}, Kubernetes {version}: {error.message}")


def check_container(name, pod, container):
    security = container.get("securityContext", {})
    expect(at(pod, ["securityContext", "runAsNonRoot"]) is True, f"{name}: may run as root")
    expect(at(pod, ["securityContext", "runAsUser"]) != 0, f"{name}: runs as root")
    expect("runAsUser" not in security, f"{name}: has another user than its pod")
    expect(at(pod, ["securityContext", "seccompProfile", "type"]) == "RuntimeDefault", f"{name}: no seccomp profile")
    expect(security.get("readOnlyRootFilesystem") is True, f"{name}: can write its image")
    expect(security.get("allowPrivilegeEscalation") is False, f"{name}: may gain privileges")
    expect(at(security, ["capabilities", "drop"]) == ["ALL"], f"{name}: keeps capabilities")
    expect(pod.get("automountServiceAccountToken") is False, f"{name}: has a service account's token")
    image, _, tag = container["image"].rpartition(":")
    expect(image and tag and tag != "latest", f"{name}: image {container['image']} has no fixed tag")
    resources = container.get("resources", {})
    expect(at(resources, ["requests", "cpu"]), f"{name}: requests no cpu")
    expect(at(resources, ["limits", "memory"]), f"{name}: memory has no limit")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        expect(probe in container, f"{name}: no {probe}")
    volumes = {v["name"] for v in pod.get("volumes", [])}
    mounts = {m["name"] for m in container["volumeMounts"]}
    return mounts, volumes


def check_workloads(where, objects):
    accounts = {o["metadata"]["name"] for o in objects if o["kind"] == "ServiceAccount"}
    for workload in workloads(objects):
        spec, pod = workload["spec"], workload["spec"]["template"]["spec"]
        name = f"{where}: {workload['metadata']['name']}"
        expect(matches(spec["selector"]["matchLabels"], pod_labels(workload)), f"{name}: does not select its own pods")
        expect(pod["serviceAccountName"] in accounts, f"{name}: no service account {pod['serviceAccountName']}")
        expect(len(pod["containers"]) == 1, f"{name}: has {len(pod['containers'])} containers, one was expected")
        container = pod["containers"][0]
        mounts, volumes = check_container(name, pod, container)
        volumes |= {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
        expect(mounts == volumes, f"{name}: mounts {sorted(mounts)}, volumes are {sorted(volumes)}")
        drain = [a.partition("=")[2] for a in container["args"] if a.startswith("--drain-seconds=")]
        if drain:
            expect(pod["terminationGracePeriodSeconds"] > int(drain[0]),
                   f"{name}: killed after {pod['terminationGracePeriodSeconds']} s, drains {drain[0]} s")


def check_selectors(where, objects):
    """Policies, budgets, services and monitors select exactly one workload, and each workload has its policy."""
    pods = {w["metadata"]["name"]: pod_labels(w) for w in workloads(objects)}
    services = [o for o in objects if o["kind"] == "Service"]
    selected = {"NetworkPolicy": set(), "PodDisruptionBudget": set()}
    for o in objects:
        path = {
            "NetworkPolicy": ["spec", "podSelector", "matchLabels"],
            "PodDisruptionBudget": ["spec", "selector", "matchLabels"],
            "PodMonitor": ["spec", "selector", "matchLabels"],
            "Service": ["spec", "selector"],
        }.get(o["kind"])
        if not path:
            continue
        found = [name for name, labels in pods.items() if matches(at(o, path), labels)]
        expect(len(found) == 1, f"{where}: {o['kind']} {o['metadata']['name']} selects {found}, one was expected")
        selected.setdefault(o["kind"], set()).update(found)
    expect(selected["NetworkPolicy"] == set(pods), f"{where}: network policies only for {selected['NetworkPolicy']}")
    members = {name for name in pods if not name.endswith("-server")}
    expect(selected["PodDisruptionBudget"] == members, f"{where}: budgets for {selected['PodDisruptionBudget']}")
    for o in objects:
        if o["kind"] == "ServiceMonitor":
            found = [s for s in services if matches(o["spec"]["selector"]["matchLabels"], s["metadata"]["labels"])]
            expect(len(found) == 1, f"{where}: ServiceMonitor {o['metadata']['name']} finds {len(found)} services")
        if o["kind"] == "ScaledObject":
            target = o["spec"]["scaleTargetRef"]["name"]
            expect(target in pods, f"{where}: ScaledObject scales {target}, which is not there")
            scaled = [w for w in workloads(objects) if w["metadata"]["name"] == target]
            expect(all("replicas" not in w["spec"] for w in scaled), f"{where}: {target} sets replicas and is scaled")


def check_peers(where, objects):
    """Workers and agents may reach the coordinator, and it lets them in."""
    for o in objects:
        for rule in (o["spec"].get("ingress") or []) if o["kind"] == "NetworkPolicy" else []:
            expect(rule.get("from"), f"{where}: NetworkPolicy {o['metadata']['name']} lets everybody in")
    policies = {o["metadata"]["labels"]["app.kubernetes.io/component"]: o for o in objects if o["kind"] == "NetworkPolicy"}
    if "server" not in policies:
        return
    server = next(w for w in workloads(objects) if w["metadata"]["name"].endswith("-server"))
    ports = {p["name"] for p in server["spec"]["template"]["spec"]["containers"][0]["ports"]}
    for rule in policies["server"]["spec"]["ingress"]:
        expect({p["port"] for p in rule["ports"]} <= ports, f"{where}: a policy names a port that is not in {ports}")
    let_in = [at(peer, ["podSelector", "matchLabels"]) for peer in policies["server"]["spec"]["ingress"][0]["from"]]
    for w in workloads(objects):
        if w is not server:
            expect(any(matches(s, pod_labels(w)) for s in let_in if s), f"{where}: {w['metadata']['name']} is not let in")
            component = pod_labels(w)["app.kubernetes.io/component"]
            allowed = [at(peer, ["podSelector", "matchLabels"])
                       for rule in policies[component]["spec"]["egress"] for peer in rule.get("to", [])]
            expect(any(matches(s, pod_labels(server)) for s in allowed if s), f"{where}: {component} may not call out")


def check_commands(where, objects, binaries):
    """Every command and flag of a container is one that its program has."""
    help_of = {}

    def known(program, command):
        key = (program, command)
        if key not in help_of:
            shown = run(binaries / program, command, "--help")
            help_of[key] = shown.stdout if shown.returncode == 0 else ""
            expect(help_of[key], f"{where}: {program} has no command {command}")
        return help_of[key]

    for w in workloads(objects):
        container = w["spec"]["template"]["spec"]["containers"][0]
        calls = [["boardloop-" + container["name"], *container["args"]]]
        calls += [container[p]["exec"]["command"] for p in ("startupProbe", "livenessProbe", "readinessProbe")
                  if "exec" in container[p]]
        for program, command, *arguments in calls:
            text = known(program, command)
            for flag in [a.partition("=")[0] for a in arguments if a.startswith("--")]:
                expect(re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", text),
                       f"{where}: {program} {command} does not have {flag}")


def check_files(objects):
    """What the chart takes from other folders arrives whole."""
    rules = [o for o in objects if o["kind"] == "PrometheusRule"]
    sources = [p for p in (ROOT / "deploy/prometheus/rules").glob("*.yml") if not p.name.endswith("_test.yml")]
    groups = [g for p in sources for g in yaml.safe_load(p.read_text())["groups"]]
    expect(groups, "deploy/prometheus/rules has no groups")
    by_name = lambda group: group["name"]  # noqa: E731
    shipped = sorted((g for r in rules for g in r["spec"]["groups"]), key=by_name)
    expect(shipped == sorted(groups, key=by_name), "PrometheusRule differs from deploy/prometheus/rules")
    maps = [o for o in objects if o["kind"] == "ConfigMap" and "dashboard" in o["metadata"]["name"]]
    shipped = {text.strip() for o in maps for text in o["data"].values()}
    dashboards = {p.read_text().strip() for p in (ROOT / "deploy/grafana/dashboards").glob("*.json")}
    expect(dashboards and shipped == dashboards, "the ConfigMaps differ from deploy/grafana/dashboards")


def check_package(helm):
    """A packed chart has the files themselves, as it leaves the source tree."""
    with tempfile.TemporaryDirectory() as folder:
        packed = run(helm, "package", CHART, "--destination", folder)
        expect(packed.returncode == 0, f"helm package: {packed.stderr}")
        for archive in pathlib.Path(folder).glob("*.tgz"):
            names = run("tar", "--list", "--verbose", "--file", archive).stdout
            expect("files/rules/alerts.yml" in names, "the packed chart has no rules")
            expect("_test.yml" not in names and " -> " not in names, "the packed chart has tests or links")


def check_version():
    version = re.search(r"project\(boardloop VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    expect(chart["appVersion"] == version, f"Chart.yaml has appVersion {chart['appVersion']}, CMakeLists.txt {version}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    helm, binaries = HELM, pathlib.Path(sys.argv[1])
    if not helm.is_file():
        skip(f"no helm at {helm}; deploy/install-lint-tools.sh installs it")
    programs = [binaries / f"boardloop-{p}" for p in ("server", "worker", "agent")]
    built = all(p.is_file() for p in programs)

    check_version()
    check_package(helm)
    for values in sorted((CHART / "ci").glob("*.yaml")):
        lint = run(helm, "lint", "--strict", CHART, "--values", values)
        expect(lint.returncode == 0, f"helm lint, {values.name}: {lint.stdout}{lint.stderr}")
        for version in KUBERNETES:
            rendered = render(helm, "--values", values, "--kube-version", version)
            if rendered.returncode != 0:
                failures.append(f"helm template, {values.name}: {rendered.stderr}")
                break
            objects = [o for o in yaml.safe_load_all(rendered.stdout) if o]
            check_schemas(values.name, objects, version)
        else:
            check_workloads(values.name, objects)
            check_selectors(values.name, objects)
            check_peers(values.name, objects)
            if built:
                check_commands(values.name, objects, binaries)
            if any(o["kind"] == "PrometheusRule" for o in objects):
                check_files(objects)
    alone = render(helm, "--kube-version", KUBERNETES[0], "--set", "worker.enabled=false,agent.enabled=false")
    expect(alone.returncode == 0, f"a coordinator alone: {alone.stderr}")
    for o in yaml.safe_load_all(alone.stdout):
        if o and o["kind"] == "NetworkPolicy":
            expect(all(r.get("from") for r in o["spec"]["ingress"]), "a coordinator alone lets everybody in")
    for value, word in REFUSED.items():
        rendered = render(helm, "--kube-version", KUBERNETES[0], "--set", value)
        expect(rendered.returncode != 0 and word in rendered.stderr, f"--set {value} is not refused: {rendered.stderr}")

    for failure in failures:
        print(f"chart: {failure}")
    if failures:
        sys.exit(1)
    if not built:
        skip(f"the chart is good as far as can be said without the programs in {binaries}: their flags were not compared")
    print("chart: good")


main()
