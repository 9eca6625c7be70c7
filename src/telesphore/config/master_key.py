"""The vault's master key at start: made once, loudly; never made again over an instance that already has keys."""

from collections.abc import Callable
from pathlib import Path

from telesphore.config.options import BadSetting
from telesphore.config.settings import HOME, SETTINGS
from telesphore.connectors.keyfile import master

MASTER_KEY_FILE: Path = HOME / "keys" / "vault-master.json"

NOTICE = """\
=====================================================================================
 A master key for the vault was created: {path}
 Every document is encrypted under it. BACK IT UP NOW, away from this machine and away
 from the backups of its documents: without this file, nobody can read them again.
====================================================================================="""


def ensure_master_key(say: Callable[[str], None] = print) -> None:
    """Create the master key's file at the first start, and say loudly to back it up. The database must be migrated.

    Raises:
        BadSetting: the file is missing although keysets exist: it was lost or moved, and a new one would open nothing.
    """
    from telesphore.vault import queries

    if SETTINGS["master_key"].value != "file" or MASTER_KEY_FILE.exists():
        return
    if queries.any_keyset():
        raise BadSetting(
            f"The vault's master key {MASTER_KEY_FILE} is missing, and this instance holds documents encrypted under "
            "it: put the file back from your backup, with mode 0600."
        )
    try:
        master.create(MASTER_KEY_FILE)
    except FileExistsError:
        return  # Another process that starts was faster, and says it.
    say(NOTICE.format(path=MASTER_KEY_FILE))
