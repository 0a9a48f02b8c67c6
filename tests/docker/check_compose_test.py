#!/usr/bin/env python3
"""What check_compose.py is there to find, it finds: each test breaks one thing in a copy of the files."""

import pathlib
import shutil
import tempfile
import unittest

from check_compose import Checker

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

# Tells every flag that compose.yaml uses, for any command.
PROGRAM = """#!/bin/sh
echo "--listen --tls --hostname --metrics-listen --role --name --out --server --identity --virtual"
"""


class CheckComposeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(REPOSITORY / "docker", self.root / "docker")
        shutil.copy(REPOSITORY / "CMakeLists.txt", self.root)
        for mounted in ("prometheus/rules", "grafana/provisioning", "grafana/dashboards"):
            (self.root / "deploy" / mounted).mkdir(parents=True)
        shutil.copy(REPOSITORY / "docker/prometheus.yml", self.root / "deploy/prometheus/prometheus.yml")
        self.programs = self.root / "bin"
        self.programs.mkdir()
        for name in ("boardloop-server", "boardloop-worker", "boardloop-agent", "boardloop"):
            (self.programs / name).write_text(PROGRAM)
            (self.programs / name).chmod(0o755)

    def replace(self, path, old, new):
        file = self.root / path
        text = file.read_text()
        self.assertIn(old, text)
        file.write_text(text.replace(old, new, 1))

    def expect(self, finding):
        findings = Checker(self.root, self.programs).run()
        self.assertTrue(any(finding in found for found in findings), f"\"{finding}\" is not in {findings}")

    def expect_in_compose(self, old, new, finding):
        self.replace("docker/compose.yaml", old, new)
        self.expect(finding)

    def test_the_files_as_they_are_have_no_findings(self):
        self.assertEqual(Checker(self.root, self.programs).run(), [])

    def test_an_image_without_a_version(self):
        self.expect_in_compose("prom/prometheus:v3.5.0", "prom/prometheus:latest", "is not pinned")

    def test_an_image_of_another_version_than_the_project(self):
        self.replace("CMakeLists.txt", "VERSION 0.1.0", "VERSION 0.2.0")
        self.expect("the image has version 0.1.0, the project has 0.2.0")

    def test_an_image_that_is_built_from_another_program_s_target(self):
        self.expect_in_compose("target: worker", "target: agent", "boardloop/worker is built from target agent")

    def test_a_port_for_all_networks(self):
        self.expect_in_compose('"127.0.0.1:9090:9090"', '"9090:9090"', "port 9090:9090 is not only this machine's")

    def test_a_service_with_rights(self):
        self.expect_in_compose('cap_drop: ["ALL"]', 'cap_drop: ["NET_RAW"]', "cap_drop is ['NET_RAW']")
        self.expect_in_compose("    profiles:", "    privileged: true\n    profiles:", "cli: has privileged")

    def test_a_foreign_image_that_runs_as_root(self):
        self.expect_in_compose('user: "472:0"', 'user: "0:0"', "grafana: says no user but root")

    def test_a_secret_in_the_environment(self):
        self.expect_in_compose("GF_AUTH_ANONYMOUS_ORG_ROLE", "GF_SECURITY_ADMIN_PASSWORD", "looks like a secret")

    def test_waiting_for_the_health_of_what_has_no_check(self):
        self.replace("docker/Dockerfile", 'CMD ["boardloop-server", "health"]', "NONE")
        self.replace("docker/Dockerfile", "HEALTHCHECK", "LABEL")
        self.expect("Dockerfile: server has no HEALTHCHECK")
        self.expect("identities: waits for the health of server, which has no check")

    def test_waiting_for_the_end_of_what_does_not_end(self):
        self.expect_in_compose("      identities: {condition: service_completed_successfully}",
                               "      server: {condition: service_completed_successfully}", "waits for server with")

    def test_a_path_that_is_not_there(self):
        (self.root / "deploy/grafana/dashboards").rmdir()
        self.expect("grafana: mounts ../deploy/grafana/dashboards, which is not in the repository")

    def test_a_volume_that_is_not_declared(self):
        self.expect_in_compose("  results:\n", "", "cli: volume results is not declared")

    def test_a_flag_that_the_program_does_not_have(self):
        self.expect_in_compose('"--tls"', '"--encrypted"', "boardloop-server serve has no flag --encrypted")
        self.expect_in_compose("--role agent", "--kind agent", "boardloop-server identity has no flag --kind")

    def test_a_port_that_prometheus_asks_and_nobody_serves(self):
        self.replace("docker/prometheus.yml", "worker:7413", "worker:7414")
        self.expect("no service worker listens at 0.0.0.0:7414")

    def test_a_job_that_rules_do_not_know(self):
        self.replace("docker/prometheus.yml", "job_name: boardloop-agent", "job_name: agents")
        self.expect("prometheus.yml: jobs are")

    def test_a_stage_that_runs_as_root(self):
        self.replace("docker/Dockerfile", "USER 7411:7411", "USER 0:0")
        self.expect('server runs as user "0:0"')

    def test_a_stage_from_an_image_of_its_own(self):
        self.replace("docker/Dockerfile", "FROM ${BASE} AS runtime", "FROM alpine:3.20 AS runtime")
        self.expect("stage runtime is made from alpine:3.20")


if __name__ == "__main__":
    unittest.main()
