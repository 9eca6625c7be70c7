"""How lists are reached: over the network, or in a folder for a site that has none."""

from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import httpx

from telesphore.ades.trusted_lists import LARGEST, TrustedListTooLarge
from telesphore.connectors.trusted_lists.anchors import TrustedListUnavailable

LONGEST = 60.0
"""Seconds for one list, all included."""


def over_https(location: str) -> bytes:
    """What is at an address; a national list may be at a plain http address, since its signature is what counts.

    Raises:
        TrustedListUnavailable, TrustedListTooLarge
    """
    if urlsplit(location).scheme not in ("https", "http"):
        raise TrustedListUnavailable
    until = monotonic() + LONGEST
    content = bytearray()
    try:
        with (
            httpx.Client(timeout=15, follow_redirects=True, max_redirects=3) as client,
            client.stream("GET", location) as answer,
        ):
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > LARGEST:
                    raise TrustedListTooLarge
                if monotonic() > until:
                    raise TrustedListUnavailable
    except (httpx.HTTPError, httpx.InvalidURL):
        raise TrustedListUnavailable from None
    return bytes(content)


def in_folder(folder: Path, location: str) -> bytes:
    """The file in this folder that bears the last name of a location.

    Raises:
        TrustedListUnavailable, TrustedListTooLarge
    """
    path = folder / Path(urlsplit(location).path).name
    try:
        if path.stat().st_size > LARGEST:
            raise TrustedListTooLarge
        return path.read_bytes()
    except OSError:
        raise TrustedListUnavailable from None
