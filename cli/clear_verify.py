"""`ronde clear verify`: check a certificate against its debts, in one pass and without a solver."""

import sys
import time
from pathlib import Path

from cli import clear_certificate
from cli.choices import Language
from cli.clear_certificate import ties_for
from cli.clear_report import Outcome, as_shape, outcome_of, print_table
from cli.clear_stages import Stages
from cli.clear_subject import Subject, check_bound, with_subject
from cli.failures import ExitCode, Failure
from cli.screen import emit_json
from federation.certificate import verify
from federation.uniqueness import is_only
from protocol.errors import ProofError


def run_verify(
    path: Path, proof: Path, as_json: bool, lang: Language, lines: Path | None = None
) -> int:
    """Check a certificate and print what it proves.

    Args:
        path: the file of debts.
        proof: the certificate.
        as_json: print the documented JSON object instead of a table.
        lang: "fr" or "en".
        lines: the file of lines, if there was one.

    Returns:
        The exit code: 0 it holds, 2 the debts cannot be read, 3 there is no such file, 5 it does
        not hold.

    Raises:
        Failure: the certificate cannot be read, or is of other debts or lines; or the memory
            does not suffice.
    """
    if not proof.exists():
        raise Failure(ExitCode.NOT_FOUND, "file.missing", path=str(proof))
    started = time.perf_counter()

    def check(subject: Subject, stages: Stages) -> Outcome:
        stages.begin("proving")
        return _verified(subject, proof, started)

    outcome = with_subject(path, lines, lang, "clear.wrong", check)
    if isinstance(outcome, ExitCode):
        return outcome
    if as_json:
        emit_json(as_shape(outcome, has_cycles=False))
    else:
        print_table(outcome, path.name, lang, sys.stdout, "clear.verify_title")
    return ExitCode.DONE


def _verified(subject: Subject, proof: Path, started: float) -> Outcome:
    network = subject.network
    lines = None if subject.lines is None else subject.lines.digest()
    certificate = clear_certificate.read(proof, network.arcs, network.members, lines)
    # Spec 0019: The reader MUST refuse a certificate whose digest is not that of the debts.
    if certificate.debts != subject.table.digest():
        raise Failure(ExitCode.VERIFICATION_FAILED, "clear.other_debts")
    flow, potentials, salt = certificate.flow, certificate.potentials, certificate.salt
    check_bound(network, salt is not None)
    ties = ties_for(network, subject.names, salt)
    verify(network, flow, potentials, ties)
    # Spec 0019: The reader MUST refuse a salt that leaves another answer.
    if ties is not None and not is_only(network, flow, potentials, ties):
        raise ProofError("another set-off is as good")
    # Spec 0019: The reader MUST refuse a potential below 0.
    if (potentials < 0).any():
        raise ProofError("a potential is out of bounds")
    seconds = time.perf_counter() - started
    return outcome_of(subject, certificate, seconds, cycles=None)
