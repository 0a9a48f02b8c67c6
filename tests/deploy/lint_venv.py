"""The virtual environment of deploy/install-lint-tools.sh, for tests that need its packages."""
import importlib.util
import os
import sys

from deploy_files import ROOT, SKIPPED

PYTHON = ROOT / ".venv/lint/bin/python"


def need(*modules: str) -> None:
    """Goes on in the environment when this Python lacks a module; skips the test when that has it neither."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if not missing:
        return
    if PYTHON.exists() and sys.prefix != str(PYTHON.parents[1]):
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    print(f"skipped: there is no {', '.join(missing)}; deploy/install-lint-tools.sh brings it")
    sys.exit(SKIPPED)
