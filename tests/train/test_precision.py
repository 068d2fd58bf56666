"""Networks calculate in 16 bits where the processor does: emulated, they would learn ten times as slowly."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from visard.train import precision  # noqa: E402


@pytest.mark.parametrize(
    ("told", "able"),
    [({}, False), ({"avx2": True, "avx512_bf16": False}, False), ({"amx_bf16": True}, True)],
)
def test_sixteen_bits_where_the_processor_can(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, bool], able: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    precision._able.cache_clear()
    with precision.fast(torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == (torch.bfloat16 if able else torch.float32)
    precision._able.cache_clear()
