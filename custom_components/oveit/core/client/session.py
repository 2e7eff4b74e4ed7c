"""HTTP sessions whose connections stay open, so that a check-in rarely waits for a new one."""

from collections.abc import Mapping
import socket
from ssl import SSLContext

import aiohttp
from aiohttp import AddrInfoType

KEEPALIVE_TIMEOUT = 360.0
_DNS_TTL = 300
_KEEPALIVE_OPTIONS = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def open_session(
    ssl: SSLContext | bool = True, headers: Mapping[str, str] | None = None
) -> aiohttp.ClientSession:
    """Return a session that keeps its connections longer than the longest pause between polls."""
    connector = aiohttp.TCPConnector(
        ssl=ssl,
        keepalive_timeout=KEEPALIVE_TIMEOUT,
        resolver=aiohttp.ThreadedResolver(),
        ttl_dns_cache=_DNS_TTL,
        socket_factory=_open_socket,
    )
    return aiohttp.ClientSession(connector=connector, headers=headers)


def _open_socket(address: AddrInfoType) -> socket.socket:
    """Return a socket with TCP keep-alive: routers drop connections that are silent for minutes."""
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE_OPTIONS.items():
        if option := getattr(socket, name, None):
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
    return opened
