"""What the inpainter practises on: hidden faces of an album, always the same in the same place of an endless row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.errors import UsageError
from visard.methods.donors import bank
from visard.methods.scene import fill_in
from visard.models.store import absent
from visard.train.album import Album, build, load
from visard.train.disjoint import NOBODY, seen, unlike
from visard.train.faces import packed, photographed
from visard.train.guess import fit
from visard.train.samples import Practice

from ..conftest import DATA
from .people import portrait, strangers


def silent(stage: str, done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Album:
    """Four people, two photos each."""
    folder = tmp_path_factory.mktemp("people")
    for who in strangers()[:4]:
        (folder / str(who)).mkdir()
        for number, yaw in enumerate((0.0, 0.2)):
            Image.fromarray(portrait(int(who), yaw)).save(folder / str(who) / f"{number}.png")
    return build(*photographed(folder), folder / "album", NOBODY, silent)


def test_an_album_is_read_once_and_found_again(album: Album, tmp_path: Path) -> None:
    assert len(album) == 8 and len(set(album.people)) == 4 and album.squares.shape == (8, 160, 160, 4)
    again = load(Path(str(album.squares.filename)).parent)  # type: ignore[attr-defined]
    assert all(np.array_equal(getattr(again, name), getattr(album, name)) for name in ("vertices", "lights", "donors"))
    with pytest.raises(UsageError, match="no album"):
        load(tmp_path)


def test_one_person_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    Image.fromarray(portrait(0)).save(tmp_path / "one" / "a.png")
    with pytest.raises(UsageError, match="one person is too few"):
        build(*photographed(tmp_path), tmp_path / "album", NOBODY, silent)


def test_the_nth_sample_is_always_the_same(album: Album) -> None:
    first, again, other = Practice(album)[7], Practice(album)[7], Practice(album, seed=1)[7]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.inputs, other.inputs)


def test_hidden_pixels_do_not_reach_the_network(album: Album) -> None:
    """Noise under the mask changes nothing of what is filled in, and the donor is drawn where all is hidden."""
    rng, practice = np.random.default_rng(0), Practice(album, own=0.0)
    for n in range(6):
        scene = practice.hide(n, rng, tight=n % 2 == 0)
        noise = rng.uniform(0, 255, scene.colour.shape).astype(np.float32)
        other = np.where(scene.known[..., None] > 0, scene.colour, noise)
        assert np.array_equal(fill_in(scene.colour, scene.known), fill_in(other, scene.known))
        sample = practice[n]
        assert np.isfinite(sample.inputs).all() and sample.inputs.shape == (13, 128, 128)
        assert (sample.wanted[0][sample.inputs[3] > 0] == 0).all()
        assert (sample.inputs[7][sample.inputs[3] > 0] == 0).all()


def test_its_own_texture_is_shown_in_another_light(album: Album) -> None:
    for n in range(20):
        sample = Practice(album, own=1.0)[n]
        drawn = sample.inputs[7] > 0.5
        shown, wanted = (v[:, drawn] for v in (sample.inputs[4:7], sample.target))
        assert np.corrcoef(shown.mean(axis=0), wanted.mean(axis=0))[0, 1] > 0.5
        assert np.abs(shown - wanted).mean() > 0.01


def test_donors_are_those_that_fit(album: Album) -> None:
    for i in range(len(album)):
        assert len(set(album.donors[i].tolist())) == 24
        assert np.abs(bank().attributes[album.donors[i], 0] - album.traits[i, 0].clip(0, 1)).max() < 0.8


def test_whoever_could_be_one_of_those_judged_is_left_out() -> None:
    """120 people, three photos each, who share much; two of them are among those judged, one with other photos."""
    rng = np.random.default_rng(1)
    people = rng.standard_normal((120, 64)) + 2
    photos = (np.repeat(people, 3, axis=0) + 0.3 * rng.standard_normal((360, 64))).astype(np.float32)
    names = [f"p{i // 3}" for i in range(360)]
    judged = np.stack([people[2], people[7] + 0.2, rng.standard_normal(64) + 2]).astype(np.float32)
    kept = unlike(photos, names, judged)
    assert {name for name, keep in zip(names, kept, strict=True) if not keep} == {"p2", "p7"}
    assert unlike(photos, names, NOBODY).all()


@pytest.mark.data
def test_people_who_are_judged_do_not_teach(tmp_path: Path) -> None:
    """Of three people of the training set, one is among those judged, with other photos."""
    if absent(["facenet"]) or not (DATA / "celeba_train.tar").is_file():
        pytest.skip("needs VISARD_DATA, and `visard models fetch facenet`")
    with (DATA / "celeba_train.csv").open() as table:
        names = [line.split(",")[:2] for line in table][1:]
    albums: dict[str, list[str]] = {}
    for person, file in names:
        albums.setdefault(person, []).append(f"{person}/{file}")
    some = [person for person, photos in albums.items() if len(photos) >= 8][:3]
    photos, total = packed(DATA, "celeba_train", {name for person in some for name in albums[person][:4]})
    judged, few = packed(DATA, "celeba_train", set(albums[some[1]][4:7]))
    made = build(photos, total, tmp_path / "album", seen(judged, few, silent), silent)
    assert {made.people[i] for i in made.rows} == {some[0], some[2]}


def test_a_guess_finds_what_is_linear() -> None:
    rng = np.random.default_rng(0)
    seen = rng.standard_normal((800, 20)).astype(np.float32)
    traits = seen @ rng.standard_normal((20, 10)).astype(np.float32) + 5
    guess = fit(seen, traits)
    assert np.abs(np.stack([guess(x) for x in seen[:50]]) - traits[:50]).mean() < 0.5 * traits.std()
