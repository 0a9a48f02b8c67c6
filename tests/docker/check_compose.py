#!/usr/bin/env python3
"""Checks docker/compose.yaml and what it names, without a container: that images are pinned, that nobody has more rights
than needed, that ports are this machine's, that paths and flags exist, and that Prometheus finds the programs.

  tests/docker/check_compose.py [--programs FOLDER] [--root FOLDER]

Prints a line per finding, and exits with 1 when there are any."""

import argparse
import pathlib
import re
import subprocess
import sys

import yaml

# Whose images run which program; the others are of other projects.
PROGRAMS = {
    "boardloop/server": "boardloop-server",
    "boardloop/worker": "boardloop-worker",
    "boardloop/agent": "boardloop-agent",
    "boardloop/cli": "boardloop",
}


class Dockerfile:
    """The stages of a Dockerfile: name -> instructions, those of the stages it is made from first."""

    def __init__(self, text):
        self.stages = {}
        self.bases = {}
        lines = []
        for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text)).splitlines():
            words = line.split()
            if not words:
                continue
            if words[0] == "FROM":
                base = words[1]
                name = words[3] if len(words) > 3 else ""
                lines = list(self.stages.get(base, []))
                self.stages[name] = lines
                self.bases[name] = base
            else:
                lines.append(line)

    def last(self, stage, instruction):
        """The arguments of the last such instruction of a stage, "" when there is none."""
        found = [line.split(None, 1)[1] for line in self.stages[stage] if line.split()[0] == instruction]
        return found[-1] if found else ""


def image_of(service):
    """("boardloop/server", "0.1.0"); a variable stands for its default."""
    image = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service.get("image", ""))
    name, _, tag = image.partition(":")
    return name, tag


class Checker:
    def __init__(self, root, programs):
        self.root = root
        self.programs = programs
        self.findings = []
        self.compose = yaml.safe_load((root / "docker/compose.yaml").read_text())
        self.services = self.compose["services"]
        self.dockerfile = Dockerfile((root / "docker/Dockerfile").read_text())

    def need(self, good, finding):
        if not good:
            self.findings.append(finding)

    def check_dockerfile(self):
        stages = self.dockerfile.stages
        for name, base in self.dockerfile.bases.items():
            self.need(base == "${BASE}" or base in stages,
                      f"Dockerfile: stage {name} is made from {base}, must be from ${{BASE}} or another stage")
        for image, program in PROGRAMS.items():
            stage = image.split("/")[1]
            if stage not in stages:
                self.need(False, f"Dockerfile: has no stage {stage}")
                continue
            user = self.dockerfile.last(stage, "USER")
            self.need(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user),
                      f"Dockerfile: {stage} runs as user \"{user}\", must be two numbers that are not 0")
            self.need(self.dockerfile.last(stage, "STOPSIGNAL") == "SIGTERM",
                      f"Dockerfile: {stage} must be stopped by SIGTERM, as its program expects")
            self.need(self.dockerfile.last(stage, "ENTRYPOINT") == f'["{program}"]',
                      f"Dockerfile: the entry point of {stage} must be {program}")
            if stage != "cli":
                self.need(self.dockerfile.last(stage, "HEALTHCHECK"), f"Dockerfile: {stage} has no HEALTHCHECK")

    def check_image(self, name, service):
        image, tag = image_of(service)
        self.need(re.search(r"\d", tag) and tag != "latest",
                  f"{name}: image {image}:{tag} is not pinned: its tag must be a version")
        if image in PROGRAMS:
            cmake = (self.root / "CMakeLists.txt").read_text()
            version = re.search(r"project\(boardloop VERSION ([\d.]+)", cmake).group(1)
            self.need(tag == version, f"{name}: the image has version {tag}, the project has {version}")
            target = service.get("build", {}).get("target")
            if target is not None:
                self.need(target == image.split("/")[1], f"{name}: {image} is built from target {target}")
        else:
            user = str(service.get("user", ""))
            self.need(re.fullmatch(r"[1-9]\d*:\d+", user),
                      f"{name}: says no user but root: \"user\" must begin with a number that is not 0")

    def check_rights(self, name, service):
        for key, value in {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}.items():
            self.need(service.get(key) == value, f"{name}: {key} is {service.get(key)}, must be {value}")
        for key in ("privileged", "cap_add", "network_mode", "pid", "ipc", "env_file", "secrets"):
            self.need(key not in service, f"{name}: has {key}, which nothing here needs")
        self.need("restart" in service, f"{name}: says nothing of restart")
        for port in service.get("ports", []):
            self.need(str(port).startswith("127.0.0.1:"), f"{name}: port {port} is not only this machine's")
        for variable in service.get("environment", {}):
            self.need(not re.search(r"PASSWORD|SECRET|TOKEN|KEY", variable), f"{name}: {variable} looks like a secret")

    def has_health_check(self, name):
        service = self.services[name]
        if "healthcheck" in service:
            return not service["healthcheck"].get("disable", False)
        image, _ = image_of(service)
        return image in PROGRAMS and self.dockerfile.last(image.split("/")[1], "HEALTHCHECK") != ""

    def check_dependencies(self, name, service):
        for other, how in service.get("depends_on", {}).items():
            if other not in self.services:
                self.need(False, f"{name}: depends on {other}, which is no service")
            elif how["condition"] == "service_healthy":
                self.need(self.has_health_check(other), f"{name}: waits for the health of {other}, which has no check")
            else:
                self.need(how["condition"] == "service_completed_successfully"
                          and self.services[other].get("restart") == "no",
                          f"{name}: waits for {other} with {how['condition']}: it must be healthy, or end and not restart")

    def check_volumes(self, name, service):
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                path = (self.root / "docker" / source).resolve()
                self.need(path.exists(), f"{name}: mounts {source}, which is not in the repository")
                self.need(volume.endswith(":ro"), f"{name}: mounts {source} of the repository to write to")
            else:
                self.need(source in self.compose["volumes"], f"{name}: volume {source} is not declared")

    def commands_of(self, name, service):
        """(program, words) for each command line of ours that the service runs."""
        image, _ = image_of(service)
        if image not in PROGRAMS or "command" not in service:
            return
        if "entrypoint" in service:  # A script of lines.
            for line in "\n".join(service["command"]).splitlines():
                words = line.split()
                if words and words[0] in PROGRAMS.values():
                    yield words[0], words[1:]
        else:
            yield PROGRAMS[image], service["command"]

    def check_flags(self, name, service):
        for program, words in self.commands_of(name, service):
            command = [str(self.programs / program), words[0], "--help"]
            told = subprocess.run(command, capture_output=True, text=True, check=False)
            if told.returncode != 0:
                self.need(False, f"{name}: {' '.join(command)} failed: {told.stderr.strip()}")
                continue
            known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", told.stdout))
            for word in words:
                self.need(not word.startswith("--") or word in known, f"{name}: {program} {words[0]} has no flag {word}")

    def check_prometheus(self):
        def jobs(path):
            if not (self.root / path).exists():
                self.need(False, f"{path} is not there")
                return {}
            config = yaml.safe_load((self.root / path).read_text())
            return {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}

        ours = jobs("docker/prometheus.yml")
        local = jobs("deploy/prometheus/prometheus.yml")
        self.need(ours.keys() == local.keys(),
                  f"prometheus.yml: jobs are {sorted(ours)}, those of deploy/prometheus are {sorted(local)}")
        for job, targets in ours.items():
            for target in targets:
                host, port = target.split(":")
                listens = f"0.0.0.0:{port}"
                self.need(host in self.services and listens in self.services[host].get("command", []),
                          f"prometheus.yml: {job} asks {target}, but no service {host} listens at {listens}")

    def run(self):
        self.check_dockerfile()
        for name, service in self.services.items():
            self.check_image(name, service)
            self.check_rights(name, service)
            self.check_dependencies(name, service)
            self.check_volumes(name, service)
            if self.programs is not None:
                self.check_flags(name, service)
        self.check_prometheus()
        return self.findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, help="folder of the built programs; without it flags are not checked")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    arguments = parser.parse_args()
    findings = Checker(arguments.root, arguments.programs).run()
    for finding in findings:
        print(finding)
    if findings:
        sys.exit(1)
    print("docker/compose.yaml: every check passed")


if __name__ == "__main__":
    main()
