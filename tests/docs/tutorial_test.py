"""Tests of how tutorials are read and compared."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from tutorial import Failure, matches, read_tutorial

HERE = pathlib.Path(__file__).resolve().parent


class Matches(unittest.TestCase):
    def test_numbers_names_bars_and_widths_may_differ(self):
        self.assertTrue(matches("top-1  95.97 %", "  top-1 3.1 %"))
        self.assertTrue(matches("artifacts/917f688f", "artifacts/0b1c2d3e4f5a"))
        self.assertTrue(matches("share ██▌", "share █"))
        self.assertTrue(matches("12:30:01  DONE", "09:05:59  DONE"))

    def test_words_and_units_may_not(self):
        self.assertFalse(matches("latency 20 ms", "latency 20 s"))
        self.assertFalse(matches("outcome OK", "outcome FAILED"))
        self.assertFalse(matches("exact yes", "exact yes: 8 outputs"))

    def test_three_dots_are_anything(self):
        self.assertTrue(matches("state in ...", "state in /tmp/x"))
        self.assertTrue(matches("a ... b", "a * b"))
        self.assertFalse(matches("a ... b", "a * c"))


class Page(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name) / "page.md"

    def read(self, *lines):
        self.path.write_text("\n".join(lines) + "\n")
        return read_tutorial(self.path)

    def test_commands_have_their_lines_and_what_they_print(self):
        first, second = self.read("# Page", "```console", "$ a \\", "    b", "x", "", "...", "y",
                                  "$ c", "```")
        self.assertEqual((first.line, first.text), (3, "a \\\n    b"))
        self.assertEqual(first.expected, [(5, "x"), (8, "y")])
        self.assertEqual((second.text, second.expected), ("c", []))

    def test_a_comment_is_for_the_next_block_alone(self):
        first, second = self.read("<!-- test: exit 3 -->", "```console", "$ a", "```", "text",
                                  "```console", "$ b", "```")
        self.assertEqual((first.exit_code, second.exit_code), (3, 0))

    def test_what_is_skipped_or_shown_is_no_step(self):
        self.assertEqual(self.read("<!-- test: skip needs a board -->", "```console", "$ a", "```",
                                   "```text", "$ b", "```"), [])

    def test_a_file_is_kept_as_it_stands(self):
        (step,) = self.read("<!-- test: file a.yaml -->", "```yaml", "a:", "  - b", "```")
        self.assertEqual((step.kind, step.value, step.text), ("file", "a.yaml", "a:\n  - b"))

    def test_mistakes_of_a_page_are_told_with_their_line(self):
        for lines in (["<!-- test: stepup x -->"], ["```console", "a", "```"], ["```console"],
                      ["<!-- test: serve -->", "```yaml", "a: b", "```"]):
            with self.assertRaises(Failure):
                self.read(*lines)

    def run_page(self, *lines):
        build = pathlib.Path(self.folder.name) / "build"
        (build / "bin").mkdir(parents=True, exist_ok=True)
        (build / "bin/boardloop").touch()
        self.path.write_text("\n".join(lines) + "\n")
        return subprocess.run([sys.executable, HERE / "run_tutorial.py", self.path, "--build",
                               build, "--timeout", "10"], capture_output=True, text=True,
                              check=False)

    def test_commands_share_a_shell(self):
        run = self.run_page("```console", "$ mkdir a && cd a && export B=c", "$ pwd; echo $B",
                            ".../work/a", "c", "```")
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_an_output_that_is_not_as_shown_fails_at_its_line(self):
        run = self.run_page("```console", "$ echo one; echo two", "one", "three", "```")
        self.assertEqual(run.returncode, 1)
        self.assertIn("page.md:4: no further line", run.stdout)
        self.assertIn("two", run.stdout)

    def test_another_exit_code_fails(self):
        run = self.run_page("```console", "$ false", "```")
        self.assertIn("page.md:2: exited with 1, must be 0", run.stdout)

    def test_a_command_that_hangs_fails(self):
        run = self.run_page("```console", "$ echo begun; sleep 600", "```")
        self.assertEqual(run.returncode, 1)
        self.assertIn("did not end within 10", run.stdout)

    def test_what_serves_is_waited_for_and_ended(self):
        pid = pathlib.Path(self.folder.name) / "pid"
        run = self.run_page("<!-- test: serve -->", "```console",
                            f"$ echo $BASHPID > {pid}; sleep 0.3; echo ready; exec sleep 600",
                            "ready", "```", "```console", "$ echo meanwhile", "meanwhile", "```")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertFalse(pathlib.Path(f"/proc/{pid.read_text().strip()}").exists())

    def test_what_a_command_leaves_behind_is_ended(self):
        pid = pathlib.Path(self.folder.name) / "pid"
        run = self.run_page("```console",
                            f"$ setsid sh -c 'echo $$ > {pid}; exec sleep 600' & sleep 0.3", "```")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertFalse(pathlib.Path(f"/proc/{pid.read_text().strip()}").exists())


if __name__ == "__main__":
    unittest.main()
