"""Unpacking of ticket lists in slices.

A list of 50 MB is never in memory as a whole, neither unpacked nor as one JSON text: it is cut
between two tickets. A cut is right when the text before it is a JSON array by itself.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
import re
import zlib

from ..exceptions import OveitResponseError, OveitTooLongError

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
_BLOCK = 64 * 1024
_SLICE = 512 * 1024
_MAX_SIZE = 1024 * 1024 * 1024
_MAX_UNCUT = 24 * 1024 * 1024
_ALWAYS = 32 * 1024 * 1024
_OF_A_TICKET = 1024
_MAX_CUTS = 20
_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"tickets"\s*:\s*\[')
_BETWEEN = re.compile(rb"(?<=\})\s*,\s*(?=\{)")
_NEAR_END = 16 * 1024


def most_bytes(tickets: int) -> int:
    """Return how long the list of an event may be that was seen to have so many tickets (T20)."""
    return min(max(_ALWAYS, tickets * _OF_A_TICKET), _MAX_SIZE)


def digest(reply: bytes, most: int = _MAX_SIZE) -> str:
    """Return the SHA-256 of a list, unpacked, in hex; raise OveitTooLongError beyond `most`."""
    found = sha256()
    for block in _unpack(reply, most):
        found.update(block)
    return found.hexdigest()


def slices(reply: bytes, is_array: Callable[[str], bool], most: int = _MAX_SIZE) -> Iterator[str]:
    """Yield the tickets of a reply in parts, each a JSON text of the shape of a whole reply.

    `is_array` returns whether a text is a JSON array. Raises OveitResponseError if the reply
    cannot be unpacked or is no text; the caller checks that each part is JSON.
    """
    rest, head, limit = bytearray(), b"", _SLICE
    for block in _unpack(reply, most):
        rest += block
        if len(rest) > _MAX_UNCUT:
            raise OveitTooLongError("A part of the ticket list is too long")
        if not head and (start := _START.match(rest)):
            head, rest = b'{"tickets":[', rest[start.end() :]
        if not head or len(rest) < limit:
            continue
        for before, after in _cuts(rest):
            if is_array(f"[{_decode(rest[:before])}]"):
                yield f'{{"tickets":[{_decode(rest[:before])}]}}'
                rest, limit = rest[after:], _SLICE
                break
        else:
            limit = 2 * len(rest)
    yield _decode(head + rest)


def _cuts(text: bytearray) -> list[tuple[int, int]]:
    """Return where a text may be cut, as ends and starts of the parts, the last ones first."""
    found = _BETWEEN.finditer(text, max(len(text) - _NEAR_END, 0))
    return [match.span() for match in found][: -_MAX_CUTS - 1 : -1]


def _unpack(reply: bytes, most: int) -> Iterator[bytes]:
    """Yield the unpacked bytes of a reply, which may be gzip-compressed."""
    if len(reply) > most:
        raise OveitTooLongError("The ticket list is too long")
    if not reply.startswith(_GZIP):
        yield from (reply[at : at + _BLOCK] for at in range(0, len(reply), _BLOCK))
        return
    unpacker, size = zlib.decompressobj(_GZIP_WINDOW), 0
    for at in range(0, len(reply), _BLOCK):
        packed = reply[at : at + _BLOCK]
        while packed and not unpacker.eof:
            try:
                block = unpacker.decompress(packed, _BLOCK)
            except zlib.error as err:
                raise OveitResponseError("The ticket list cannot be unpacked") from err
            size += len(block)
            if size > most:
                raise OveitTooLongError("The ticket list is too long")
            yield block
            packed = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise OveitResponseError("The ticket list came in part only")


def _decode(text: bytes | bytearray) -> str:
    """Return bytes as text."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise OveitResponseError("The ticket list is not JSON") from err
