"""One measure in a process of its own: `python -m tests.bench.clearing.child MEASURE ARGUMENTS`.

Arguments are a list in JSON, figures come back as JSON on standard output. A process of its own
starts with an empty memory, so that its peak is that of the measure.
"""

import json
import subprocess
import sys
from collections.abc import Callable

from tests.bench.scale import ROOT, Figures


class MeasureFailed(Exception):
    """A measure did not come to its end; the message is what its process said last."""


def measured(measure: str, *arguments: str | int | float | bool) -> Figures:
    """Run a measure in a process of its own and return its figures.

    Args:
        measure: name of a function of `measures` or `rounds`.
        arguments: handed to it.

    Raises:
        MeasureFailed: it ended in an error.
    """
    command = [sys.executable, "-m", "tests.bench.clearing.child", measure, json.dumps(arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasureFailed(f"{measure} {arguments}\n{done.stderr[-2000:]}")
    figures: Figures = json.loads(done.stdout)
    return figures


def main() -> None:
    """Find the measure that is asked for, run it, print its figures."""
    from tests.bench.clearing import measures, rounds

    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    every: dict[str, Callable[..., Figures]] = {
        work.__name__: work
        for work in (
            measures.make, measures.country, measures.bare, measures.repeated, measures.shares,
            rounds.federation, rounds.file_to_proof,
        )
    }  # fmt: skip
    print(json.dumps(every[name](*arguments)))


if __name__ == "__main__":
    main()
