"""A small RTSP server (RFC 2326, interleaved) that plays one MPEG-TS file to whoever comes first."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

_SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=clip\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track\r\n"
_ANSWERS = {
    "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n",
    "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(_SDP)}\r\n\r\n{_SDP}",
    "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n",
    "PLAY": "Session: 1\r\nRange: npt=0.000-\r\n\r\n",
}
_PAYLOAD = 7 * 188


def serve(listener: socket.socket, content: bytes, seconds: float) -> None:
    """Answer one client until it has been played all the content, which lasts so many seconds."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as asked:
        for head in _requests(asked.readline):
            verb = head[0].split()[0]
            number = next(line.split(":")[1].strip() for line in head if line.lower().startswith("cseq"))
            connection.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{_ANSWERS[verb]}".encode())
            if verb == "PLAY":
                _play(connection, content, seconds)
                return


def _requests(readline: object) -> Iterator[list[str]]:
    assert callable(readline)
    while True:
        head = []
        while line := readline().strip():
            head.append(line.decode())
        if not head:
            return
        yield head


def _play(connection: socket.socket, content: bytes, seconds: float) -> None:
    start = time.monotonic()
    for number, place in enumerate(range(0, len(content), _PAYLOAD)):
        due = seconds * place / len(content)
        time.sleep(max(0.0, start + due - time.monotonic()))
        head = struct.pack("!BBHII", 0x80, 33, number & 0xFFFF, int(90_000 * due), 1)
        packet = head + content[place : place + _PAYLOAD]
        connection.sendall(struct.pack("!cBH", b"$", 0, len(packet)) + packet)
