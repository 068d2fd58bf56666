"""Sound OUT: the source's audio, packet by packet, or as AAC where MP4 does not take it."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from visard.media.video import opened_video

_TAKEN: Final = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"})
_AAC_RATES: Final = frozenset({8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000})
_LAYOUTS: Final = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


class Sound:
    """The audio tracks of a source on their way into a result; silent unless `wanted`."""

    def __init__(self, out: OutputContainer, path: Path, start: Fraction, wanted: bool) -> None:
        self._out, self._start = out, start
        self._stack = ExitStack()
        self._tracks: dict[int, _Track] = {}
        if wanted:
            container, _ = self._stack.enter_context(opened_video(path))
            tracks = container.streams.audio
            self._tracks = {track.index: _Track(out, track) for track in tracks}
            self._packets = container.demux(tracks) if tracks else iter(())
            self._waiting: Packet[AudioStream] | None = next(self._packets, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def play_until(self, time: float | None) -> None:
        """Write the packets that begin before a time in s since the start; None: all that are left."""
        if not self._tracks:
            return
        while (packet := self._waiting) is not None:
            if time is not None and self._begins(packet) > time:
                return
            self._out.mux(self._tracks[packet.stream.index](packet, self._start))
            self._waiting = next(self._packets, None)

    def _begins(self, packet: Packet[AudioStream]) -> float:
        if packet.dts is None or packet.time_base is None:
            return 0.0
        return float(packet.dts * packet.time_base - self._start)


class _Track:
    """One audio track: copied, or decoded and encoded again."""

    def __init__(self, out: OutputContainer, source: AudioStream) -> None:
        self._copied = source.codec_context.name in _TAKEN
        if self._copied:
            self._to: AudioStream = out.add_stream_from_template(source)
        else:
            rate = source.rate if source.rate in _AAC_RATES else 48000
            # Raw samples may state how many channels they have, and not which: then take the usual ones.
            layout = _LAYOUTS.get(source.codec_context.channels, "stereo")
            self._to = out.add_stream("aac", rate=rate, layout=layout)
            self._resample = AudioResampler("fltp", layout, rate)
        self._to.metadata.clear()

    def __call__(self, packet: Packet[AudioStream], start: Fraction) -> list[Packet[Any]]:
        """Return what to write for one packet of the source; its last, empty packet flushes."""
        if not self._copied:
            return self._encoded(packet, start)
        if packet.dts is None or packet.time_base is None:
            return []
        shift = round(start / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts -= shift
        packet.stream = self._to
        return [packet]

    def _encoded(self, packet: Packet[AudioStream], start: Fraction) -> list[Packet[Any]]:
        packets: list[Packet[Any]] = []
        for frame in packet.decode():
            assert isinstance(frame, AudioFrame)  # an audio stream decodes to nothing else
            if frame.pts is not None and frame.time_base is not None:
                frame.pts -= round(start / frame.time_base)
            for part in self._resample.resample(frame):
                packets += self._to.encode(part)
        if packet.dts is None:
            packets += [p for part in self._resample.resample(None) for p in self._to.encode(part)]
            packets += self._to.encode(None)
        return packets
