"""`telesphore verify`: what the signatures of a file say, for people and for programs."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from telesphore.ades.validation import SignatureFacts
from telesphore.cli.statuses import Status
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.pki import queries as pki

LARGEST = 300 * 2**20


def verify(
    files: Annotated[list[Path], typer.Argument(help="Signed PDF files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object per file.")] = False,
) -> None:
    """Check the signatures of PDF files against this instance's authorities.

    Exit status: 0 when every file is signed, and each signature intact and trusted; 1 otherwise.
    """
    all_good = True
    for path in files:
        problem = ""
        facts: tuple[SignatureFacts, ...] = ()
        try:
            if path.stat().st_size > LARGEST:
                problem = f"larger than {LARGEST // 2**20} MB"
            else:
                facts = pki.inspect_with_all_authorities(path.read_bytes(), at=now())
                problem = "" if facts else "no signature"
        except DomainError as refused:
            problem = refused.sentence
        except OSError as error:
            problem = f"can't be read: {error.strerror}"
        good = bool(facts) and all(fact.intact and fact.trusted for fact in facts) and facts[-1].covers_whole_file
        all_good &= good
        if as_json:
            found = [dataclasses.asdict(fact) for fact in facts]
            print(json.dumps({"file": str(path), "valid": good, "problem": problem, "signatures": found}, default=str))
            continue
        print(f"{path}: {'valid' if good else 'NOT VALID'}{f' ({problem})' if problem else ''}")
        for fact in facts:
            marks = f"{'intact' if fact.intact else 'ALTERED'}, {'trusted' if fact.trusted else 'NOT TRUSTED'}"
            print(f"    {fact.signer}, {fact.signed_at:%Y-%m-%d %H:%M} UTC: {marks}")
    if not all_good:
        raise typer.Exit(Status.FAILED)
