#!/usr/bin/env python3
"""Runs the commands of a tutorial, in order, and compares what they print with what it shows.

Usage: run_tutorial.py TUTORIAL.md --build FOLDER [--timeout SECONDS] [--keep] [--verbose]

Everything happens in a temporary folder that is also HOME, with the programs of the build in PATH and
BOARDLOOP naming the sources, as docs/tutorials/README.md asks of a reader. tests/docs/README.md
describes what a page may contain. Exit codes: 0 all is as shown, 1 something is not, 2 wrong usage.
"""
import argparse
import ctypes
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # This is the source tree.
from tutorial import Failure, matches, read_tutorial  # noqa: E402

SOURCES = pathlib.Path(__file__).resolve().parents[2]
PR_SET_CHILD_SUBREAPER = 36


class Processes:
    """All that this program started, also what has left its parent: it becomes our child then."""

    def __init__(self):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    @staticmethod
    def below(pid):
        """Living descendants of `pid`, parents first."""
        found = []
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                children = pathlib.Path(f"/proc/{pid}/task/{thread}/children").read_text()
                for child in map(int, children.split()):
                    found.append(child)
                    found += Processes.below(child)
        except OSError:
            pass  # It has ended.
        return Processes.alive(found)

    @staticmethod
    def alive(pids):
        """Those that have not ended; a zombie has."""
        found = []
        for pid in pids:
            try:
                status = pathlib.Path(f"/proc/{pid}/stat").read_text()
            except OSError:
                continue
            if status.rpartition(")")[2].split()[0] != "Z":
                found.append(pid)
        return found

    @staticmethod
    def end(find, patience=30):
        """Ends the processes that `find` lists: asked first, killed when patience is over."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + patience
            for pid in find():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            while find() and time.monotonic() < deadline:
                time.sleep(0.05)

    @staticmethod
    def bury():
        """Takes the exit codes of our children that have ended, which nobody else wants to know."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            pass


class Shell:
    """One bash for the whole tutorial: what a command exports or enters, later ones see."""

    MARK = "--end of command--"

    def __init__(self, folder, environment):
        self.folder = folder
        self.serving = []  # (command, pid) of what goes on beside the tutorial's commands.
        self.bash = subprocess.Popen(["bash", "--noprofile", "--norc"], cwd=folder / "work",
                                     env=environment, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.rest = b""

    def run(self, command, timeout):
        """Output and exit code of a command."""
        script = self.folder / "command"
        script.write_text(command + "\n")
        self._write(f'. "{script}" </dev/null; code=$?; echo; echo "{self.MARK} $code"\n')
        return self._read(timeout)

    def serve(self, command):
        """Starts a command that goes on; returns its log."""
        log = self.folder / f"serving-{time.monotonic_ns()}"
        log.touch()  # Its reader may be faster than the shell.
        # Not `command &` alone: it may be several lines.
        self._write(f'{{ {command}\n}} </dev/null >"{log}" 2>&1 & echo; echo "{self.MARK} $!"\n')
        pid = self._read(10)[1]
        self.serving.append((command, pid))
        return pid, log

    def stop(self, beginning):
        """Ends what `serve` started with a command that begins so, as Ctrl-C would."""
        for entry in self.serving:
            command, pid = entry
            if command.startswith(beginning):
                self.serving.remove(entry)
                Processes.end(lambda: Processes.alive([pid]) + Processes.below(pid))
                return
        raise ValueError(f"nothing that begins with \"{beginning}\" is running")

    def _write(self, text):
        self.bash.stdin.write(text.encode())
        self.bash.stdin.flush()

    def _read(self, timeout):
        deadline = time.monotonic() + timeout
        end = re.compile(rb"\n" + self.MARK.encode() + rb" (\d+)\n")
        while not (found := end.search(self.rest)):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.bash.stdout], [], [], left)[0]:
                raise TimeoutError(self.rest.decode(errors="replace"))
            more = os.read(self.bash.stdout.fileno(), 1 << 16)
            if not more:
                raise EOFError(self.rest.decode(errors="replace"))
            self.rest += more
        output, self.rest = self.rest[: found.start()], self.rest[found.end():]
        return output.decode(errors="replace"), int(found.group(1))


def free_ports(count):
    """Ports that nobody listens on, below those that the system gives to who asks for any."""
    ports = []
    while len(ports) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


class Run:
    def __init__(self, tutorial, shell, timeout, verbose):
        self.tutorial, self.shell, self.timeout, self.verbose = tutorial, shell, timeout, verbose
        self.replacements = []
        # The programs' usual ports, 7411 to 7419, are another run's perhaps.
        self.ports = {str(7411 + i): str(port) for i, port in enumerate(free_ports(9))}

    def adapted(self, text):
        for old, new in self.replacements:
            text = text.replace(old, new)
        return re.sub(r"\b741[1-9]\b", lambda port: self.ports[port.group()], text)

    def all_steps(self):
        for step in self.tutorial:
            started = time.monotonic()
            getattr(self, "do_" + step.kind)(step)
            if self.verbose:
                seconds = time.monotonic() - started
                print(f"{seconds:6.1f} s  {step.line}: {step.kind} {step.text.splitlines()[0]}")

    def do_replace(self, step):
        self.replacements.append(step.value)

    def do_file(self, step):
        # Where the shell is: the tutorial may have changed the folder.
        code = self.execute(step, f'cat >"{step.value}" <<\'END OF FILE\'\n{step.text}\nEND OF FILE')[1]
        if code != 0:
            raise Failure(step.line, f"{step.value} cannot be written")

    def do_stop(self, step):
        try:
            self.shell.stop(self.adapted(step.text))
        except ValueError as error:
            raise Failure(step.line, str(error)) from error

    def do_command(self, step):
        output, code = self.execute(step, step.text)
        if code != step.exit_code:
            raise Failure(step.line, f"exited with {code}, must be {step.exit_code}", output)
        self.compare(step, output)

    def do_serve(self, step):
        pid, log = self.shell.serve(self.adapted(step.text))
        deadline = time.monotonic() + self.timeout
        while True:
            output = log.read_text(errors="replace")
            try:
                return self.compare(step, output)
            except Failure:
                ended = not Processes.alive([pid])
                if ended or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def execute(self, step, text):
        try:
            return self.shell.run(self.adapted(text), self.timeout)
        except TimeoutError as error:
            raise Failure(step.line, f"did not end within {self.timeout} s", str(error)) from error
        except EOFError as error:
            raise Failure(step.line, "ended the shell", str(error)) from error

    def compare(self, step, output):
        lines = iter(output.splitlines())
        for number, expected in step.expected:
            if not any(matches(self.adapted(expected), line) for line in lines):
                raise Failure(number, f'no further line of the output is like "{expected}"', output)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("tutorial", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--timeout", type=float, default=180)
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    parser.add_argument("--verbose", action="store_true", help="print each step with its seconds")
    arguments = parser.parse_args()
    programs = arguments.build.resolve() / "bin"
    if not (programs / "boardloop").exists():
        parser.error(f"{programs} has no program boardloop: build first")

    processes = Processes()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="boardloop-tutorial-"))
    (folder / "home").mkdir()
    (folder / "work").mkdir()
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("BOARDLOOP", "XDG_"))}
    environment |= {"HOME": str(folder / "home"), "BOARDLOOP": str(SOURCES), "COLUMNS": "120",
                    "PATH": f"{programs}:{os.environ['PATH']}"}
    code = 1
    try:
        steps = read_tutorial(arguments.tutorial)
        shell = Shell(folder, environment)
        Run(steps, shell, arguments.timeout, arguments.verbose).all_steps()
        print(f"{arguments.tutorial}: {sum(step.kind in ('command', 'serve') for step in steps)}"
              " commands, all as shown")
        code = 0
    except Failure as failure:
        print(f"{arguments.tutorial}:{failure.line}: {failure.text}")
        if failure.output:
            print("--- it printed ---\n" + failure.output.rstrip())
    finally:
        processes.end(lambda: processes.below(os.getpid()))
        processes.bury()
        if arguments.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
