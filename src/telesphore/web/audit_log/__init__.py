"""The trail as anyone may fetch it: signed heads, tiles and entries (C2SP tlog-tiles), read-only and without names."""
