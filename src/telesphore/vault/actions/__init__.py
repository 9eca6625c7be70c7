"""What can happen in the vault: keys made, bytes deposited and kept, keys changed and destroyed, all of it checked."""

from telesphore.vault.actions.deposit import (
    Deposited,
    Incoming,
    deposit,
    deposit_many,
    keep,
    keep_many,
    seal_text,
)
from telesphore.vault.actions.keys import PreparedKeyset, create_keyset, erase_keyset, prepare_keyset
from telesphore.vault.actions.rotate import Rotated, retire_master, rotate_keyset, rotate_master
from telesphore.vault.actions.sweep import Swept, sweep
from telesphore.vault.actions.verify import Checked, Finding, verify

__all__ = [
    "Checked",
    "Deposited",
    "Finding",
    "Incoming",
    "PreparedKeyset",
    "Rotated",
    "Swept",
    "create_keyset",
    "deposit",
    "deposit_many",
    "erase_keyset",
    "keep",
    "keep_many",
    "prepare_keyset",
    "retire_master",
    "rotate_keyset",
    "rotate_master",
    "seal_text",
    "sweep",
    "verify",
]
