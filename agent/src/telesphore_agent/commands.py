"""The commands of `telesphore-agent`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from telesphore_agent import VERSION, modules
from telesphore_agent.asking import Asker
from telesphore_agent.cards import Cards
from telesphore_agent.errors import Refused
from telesphore_agent.operations import Operations
from telesphore_agent.pairing import NotPaired, origin_of, pair
from telesphore_agent.readers import Readers
from telesphore_agent.server import PORTS, AgentServer
from telesphore_agent.store import Store, StoreUnsafe
from telesphore_agent.words import known, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 done, 1 refused, 2 not understood."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        status: int = options.act(options)
    except (NotPaired, Refused, StoreUnsafe) as refusal:
        text = str(refusal)
        print(say(text, _language()) if known(text) else text, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="telesphore-agent", description="Lets the pages of a paired Telesphore server use this workstation's card."
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("pair", help="pair this workstation with a server")
    command.add_argument("server", help="its address, as https://telesphore.example.org")
    command.add_argument("code", help="the code that its page shows, as ABCDE-FGHJK")
    command.set_defaults(act=_pair)

    command = commands.add_parser("unpair", help="forget a server")
    command.add_argument("server")
    command.set_defaults(act=_unpair)

    command = commands.add_parser("servers", help="list the paired servers")
    command.set_defaults(act=_servers)

    command = commands.add_parser("run", help="serve the pages of the paired servers until interrupted")
    command.add_argument("--port", type=int, help=f"instead of the first free of {', '.join(map(str, PORTS))}")
    command.add_argument("--terminal", action="store_true", help="ask in this terminal instead of a window")
    command.set_defaults(act=_run)
    _add_module(command)

    command = commands.add_parser("status", help="say which library, readers and cards there are")
    command.set_defaults(act=_status)
    _add_module(command)
    return parser


def _add_module(command: argparse.ArgumentParser) -> None:
    command.add_argument("--module", type=Path, help="the card's PKCS#11 library, when it is not found by itself")


def _language() -> str:
    """The language of the terminal: French, unless its user chose another."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "fr"
    return "fr" if chosen.startswith(("fr", "C", "POSIX")) else "en"


def _pair(options: argparse.Namespace) -> int:
    server = pair(options.server, options.code)
    Store().add(server)
    print(say("paired", _language(), origin=server.origin))
    return 0


def _unpair(options: argparse.Namespace) -> int:
    origin = origin_of(options.server)
    removed = Store().remove(origin)
    print(say("unpaired" if removed else "not-paired", _language(), origin=origin))
    return 0 if removed else 1


def _servers(_options: argparse.Namespace) -> int:
    servers = Store().servers()
    for server in servers:
        print(server.origin, server.workstation, server.paired_at, sep="\t")
    if not servers:
        print(say("none-paired", _language()), file=sys.stderr)
    return 0


def _status(options: argparse.Namespace) -> int:
    language = _language()
    library = options.module or modules.find()
    print(say("library", language, path=library) if library else say("no-module", language))
    readers = Readers()
    readers.start()
    if not readers.state.service:
        print(say("no-service", language))
    for reader in readers.state.readers:
        state = say("with-card" if reader.card else "without-card", language)
        print(say("reader", language, name=reader.name, state=state))
    for card in Cards(library, readers).all():
        print(say("card", language, card=f"{card.label} ({card.serial})"))
    return 0


def _run(options: argparse.Namespace) -> int:
    language = _language()
    asker = _asker(terminal=options.terminal)
    if isinstance(asker, str):
        print(say(asker, language), file=sys.stderr)
        return 1
    store = Store()
    if not store.servers():
        print(say("none-paired", language), file=sys.stderr)
    readers = Readers()
    operations = Operations(Cards(options.module or modules.find(), readers), readers, asker)
    server = _listen(PORTS if options.port is None else (options.port,), store, operations)
    if server is None:
        ports = PORTS if options.port is None else (options.port,)
        print(say("ports-taken", language, ports=", ".join(map(str, ports))), file=sys.stderr)
        return 1
    readers.start()
    with server, server.serving():
        print(f"http://127.0.0.1:{server.port}", flush=True)
        asker.serve()
    return 0


def _listen(ports: Sequence[int], store: Store, operations: Operations) -> AgentServer | None:
    for port in ports:
        try:
            return AgentServer(port, store=store, operations=operations)
        except OSError:
            continue
    return None


def _asker(*, terminal: bool) -> Asker | str:
    """What asks here; or the name of why nothing can."""
    if terminal:
        from telesphore_agent.terminal import NoTerminal, TerminalAsker

        try:
            return TerminalAsker()
        except NoTerminal:
            return "no-terminal"
    try:
        # Some systems package Tk apart.
        from tkinter import TclError

        from telesphore_agent.window import TkAsker
    except ImportError:
        return "no-window"
    try:
        return TkAsker()
    except TclError:
        return "no-window"
