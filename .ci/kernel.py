"""Compile `federation/native/` into one library, where a C compiler is there.

Run by the build of the package (hatchling), or by hand: `python .ci/kernel.py`. Without
a compiler nothing is built, and the library path gives the same answers, slower.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent / "federation" / "native"
LIBRARY = HERE.parent / "_kernel.so"
FLAGS = ("-O3", "-std=gnu11", "-pthread", "-Wall", "-Wextra", "-shared", "-fPIC")


def compile_kernel() -> bool:
    """Write the library anew; returns whether there was a compiler that could."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return False
    sources = sorted(str(path) for path in HERE.glob("*.c"))
    fresh = LIBRARY.with_suffix(f".{os.getpid()}.new")
    try:
        subprocess.run([compiler, *FLAGS, "-o", str(fresh), *sources], check=True)
    except (OSError, subprocess.CalledProcessError):
        fresh.unlink(missing_ok=True)
        return False
    # A process that has the old one loaded keeps it.
    fresh.rename(LIBRARY)
    return True


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:
    pass
else:

    class KernelHook(BuildHookInterface):  # type: ignore[type-arg]
        """Compiles before the package is put together."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Compile, and say that the wheel is for this machine's kind alone."""
            if not compile_kernel():
                self.app.display_warning("no C compiler: the library path will be used")
                return
            build_data["artifacts"].append("federation/_kernel.so")
            build_data["pure_python"] = False
            build_data["infer_tag"] = True


if __name__ == "__main__":
    sys.exit(0 if compile_kernel() else 1)
