"""Pseudonyms: HMAC-SHA256 (RFC 2104) under a key that never enters the warehouse."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.home import DataHome
from orchestration.loading.identifiers import Parameters

KEY_VARIABLE = "METRICS_PSEUDONYM_KEY"
_BLOCK_BYTES = 64
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PseudonymKey:
    """The two padded forms of the key that HMAC-SHA256 needs; they are given to SQL as parameters."""

    inner: bytes
    outer: bytes

    @classmethod
    def from_secret(cls, secret: bytes) -> PseudonymKey:
        """The key made of ``secret``; raises ValueError where it has fewer than 16 bytes."""
        if len(secret) < 16:
            raise ValueError(f"{KEY_VARIABLE} has {len(secret)} bytes; a key needs at least 16")
        block = hashlib.sha256(secret).digest() if len(secret) > _BLOCK_BYTES else secret
        block = block.ljust(_BLOCK_BYTES, b"\0")
        return cls(bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block))

    def digest(self, text: str, parameters: Parameters) -> str:
        """SQL of the 64 hexadecimal digits of the HMAC of ``text``; null for null."""
        inner, outer = parameters.add(self.inner), parameters.add(self.outer)
        return f"sha256({outer}::blob || unhex(sha256({inner}::blob || encode({text}))))"

    def pseudonym(self, text: str, parameters: Parameters, scope: str | None = None) -> str:
        """SQL of ``p_`` and 16 hexadecimal digits of the HMAC of the trimmed lower-case ``text``.

        With a ``scope``, of the scope, a unit separator (which stands in no value) and that text.
        """
        named = f"lower(trim({text}))"
        if scope is not None:
            named = f"{parameters.add(scope)} || chr(31) || {named}"
        return f"'p_' || left({self.digest(named, parameters)}, 16)"


def read_pseudonym_key(home: DataHome, environ: Mapping[str, str]) -> PseudonymKey:
    """The key of ``METRICS_PSEUDONYM_KEY``, else of the home's key file, which is made once (mode 0600)."""
    if given := environ.get(KEY_VARIABLE):
        return PseudonymKey.from_secret(given.encode())
    path = home.pseudonym_key_file
    try:
        return PseudonymKey.from_secret(path.read_bytes().strip())
    except FileNotFoundError:
        pass
    home.root.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
    _log.warning(
        "made a key for pseudonyms in %s; set %s instead where it should not lie beside the data, "
        "and keep it: under another key the same person gets another pseudonym",
        path,
        KEY_VARIABLE,
    )
    return PseudonymKey.from_secret(path.read_bytes().strip())
