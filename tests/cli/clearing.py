"""`ronde clear` as the tests type it, and a small file of debts with weights, one of lines."""

import json
import subprocess
import sys
from typing import Any

import pytest

from cli.main import main

DEBTS = (
    "débiteur,créancier,montant,poids\nAnne,Bruno,10.00,3\nBruno,Chloé,8.00,\nChloé,Anne,2.00,1\n"
)
LINES = "de;vers;limite;poids\nChloé;Anne;4,5;\nChloé;Anne;1;-1\nL;Bruno;3;-9\n"
SALT = "00" * 32
Capture = pytest.CaptureFixture[str]
_VERIFY = (
    "import sys; from cli.main import main; code = main(['clear', 'verify', *sys.argv[1:]]);"
    "print([name for name in sys.modules if name.split('.')[0] in"
    " ('ortools', 'networkx', 'pylmcf', 'scipy', 'pandas') or name == 'federation.engine']);"
    "sys.exit(code)"
)


def ronde(*words: object) -> int:
    return main(["clear", *map(str, words)])


def answer(capsys: Capture, *words: object) -> dict[str, Any]:
    """Return the JSON object that a command prints when it succeeds."""
    assert ronde(*words, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def loaded_by_verify(*words: object) -> str:
    """Return which solvers and their kin a process of its own has loaded after a check."""
    line = [sys.executable, "-c", _VERIFY, *map(str, words)]
    run = subprocess.run(line, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()[-1]
