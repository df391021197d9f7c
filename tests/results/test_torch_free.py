import subprocess
import sys
from pathlib import Path

PROGRAM = """
import importlib, pkgutil, sys
import results
for module in pkgutil.walk_packages(results.__path__, "results."):
    importlib.import_module(module.name)
for name in ("compare", "figures", "labels_to_match", "leaderboard", "stats", "table", "verify"):
    importlib.import_module(f"bench.cli.{name}")
print("torch" in sys.modules, "results.page.content" in sys.modules)
"""


def test_nothing_in_results_and_none_of_its_commands_imports_torch():
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=True)
    assert "False True" == done.stdout.strip()
