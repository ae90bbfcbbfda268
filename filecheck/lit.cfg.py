"""lit configuration: `lit filecheck/`. The tools are those of the environment that lit itself runs in."""

import os
import sys
from pathlib import Path

import lit.formats

root = Path(__file__).resolve().parent

config.name = "minilinalg"  # noqa: F821
config.test_source_root = str(root)  # noqa: F821
config.test_exec_root = str(root.parent / "build" / "filecheck")  # noqa: F821
config.test_format = lit.formats.ShTest(execute_external=False)  # noqa: F821
config.suffixes = [".mlir"]  # noqa: F821
config.excludes = ["inputs"]  # noqa: F821
config.environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # noqa: F821
# The tree that is tested is the one that PYTHONPATH names, where it does.
if "PYTHONPATH" in os.environ:
    config.environment["PYTHONPATH"] = os.environ["PYTHONPATH"]  # noqa: F821
