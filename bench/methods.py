"""Writes what attackers make of every method into docs/methods.md, from the results of `visard evaluate`.

    python bench/methods.py RESULTS.jsonl [--words "what the pictures were"]

Everything between the two marks in docs/methods.md is replaced: who is named, what is kept, and in words which methods
are safe against which attacker. A method is safe against an attack where the attack gets no further than on a flat grey
hull: where the 95 % interval of its share reaches down to that of the same attack on the hull.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from visard.attack.recognisers import HELD_OUT
from visard.attack.score import Score
from visard.evaluate.results import AFTER, CLEAR, CONTEXT, COST, PICTURES, REFERENCES, Result, is_attack, load_results
from visard.evaluate.table import PLAIN
from visard.methods import METHODS

PAGE = Path(__file__).parents[1] / "docs" / "methods.md"
BEGIN, END = "<!-- judged: written by bench/methods.py -->", "<!-- judged: end -->"

ATTACKS = {"rank-1": "clear photos", "parrot rank-1": "parrot"}
KEPT = ("CenterFace same place", "BlazeFace same place", "pose", "expression kept", "SSIM", "LPIPS",
        "lpips_mobilenetv2", "fid", "fd_mobilenetv2", "diversity")  # fmt: skip
PRICE = ("ms a face", "million MACs")

Scores = Mapping[str, Mapping[str, Score]]
"""Group of results -> name -> score."""


def short(score: Score | None) -> str:
    """Return a value with its interval, without the number of trials, which all cells share."""
    if score is None or score.value is None:
        return "-"
    scale, digits = (1.0, 2) if score.name in PLAIN else (100.0, 1)
    if score.low is None or score.high is None:
        return f"{scale * score.value:.{digits}f}"
    return f"{scale * score.value:.{digits}f} ({scale * score.low:.{digits}f}-{scale * score.high:.{digits}f})"


def named(method: str) -> str:
    return method if method in REFERENCES else f"`{method}`"


def rows(methods: Mapping[str, Scores], columns: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Yield a Markdown table; columns: head, group, score, those left out that nobody has."""
    used = [c for c in columns if any(s.get(c[1], {}).get(c[2]) is not None for s in methods.values())]
    used = [c for c in used if any(short(s.get(c[1], {}).get(c[2])) != "-" for s in methods.values())]
    yield f"| pictures | {' | '.join(head for head, _, _ in used)} |"
    yield "|---" + "|--:" * len(used) + "|"
    for method, scores in methods.items():
        yield f"| {named(method)} | {' | '.join(short(scores.get(g, {}).get(n)) for _, g, n in used)} |"


def verdict(scores: Scores, hull: Scores, attackers: Sequence[str]) -> str:
    """Return in words which attacks get further than on a grey hull, the strongest first."""
    through, safe = [], []
    for attack, words in ATTACKS.items():
        for attacker in attackers:
            score, nothing = scores.get(attacker, {}).get(attack), hull.get(attacker, {}).get(attack)
            if score is None or nothing is None or score.value is None or score.low is None or nothing.high is None:
                continue
            who = f"{attacker}{' (held out)' if attacker in HELD_OUT else ''}"
            if score.low > nothing.high:
                through.append((score.value, f"{words}, {who} {100 * score.value:.1f} %"))
            else:
                safe.append(f"{words}, {who}")
    if not through:
        return f"safe against all {len(safe)} attacks: none gets further than on a grey hull"
    told = "; ".join(words for _, words in sorted(through, reverse=True))
    return f"{len(through)} of {len(through) + len(safe)} attacks get further than on a grey hull: {told}" + (
        f". Safe against: {'; '.join(safe)}" if safe else ""
    )


def page(results: Sequence[Result], words: str) -> str:
    methods: dict[str, dict[str, dict[str, Score]]] = {}
    for result in results:
        if AFTER in result.group:
            continue
        methods.setdefault(result.method, {})[result.group] = {score.name: score for score in result.scores}
    attackers = list(dict.fromkeys(r.group for r in results if is_attack(r) and AFTER not in r.group))
    ceiling = methods[CLEAR][attackers[0]]["rank-1"]
    about = f"{words}; n = {ceiling.n} for shares, which are percent with 95 % Wilson intervals."
    attacks = [(f"{text}, {a}", a, name) for name, text in ATTACKS.items() for a in attackers]
    links = [(f"linkability, {a}", a, "linkability") for a in attackers]
    kept = [(name, attackers[0] if name == "diversity" else PICTURES, name) for name in KEPT]
    verdicts = [f"- {named(method)}: {verdict(scores, methods[CONTEXT], attackers)}."
                for method, scores in methods.items() if method not in REFERENCES]  # fmt: skip
    parts = [about, "", *rows(methods, attacks), "", *rows(methods, links)]
    if any(PICTURES in scores for scores in methods.values()):
        parts += ["", *rows(methods, [*kept, *((name, COST, name) for name in PRICE)])]
    absent = [named(name) for name in METHODS if all(method.split(":")[0] != name for method in methods)]
    rest = ["", f"Not measured on these pictures yet: {', '.join(absent)}."] if absent else []
    return "\n".join([*parts, "", "In words:", "", *verdicts, *rest])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("results", type=Path)
    arguments.add_argument("--words", default="300 people of LFW x 4 photos, chance 0.3 %")
    chosen = arguments.parse_args()
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    written = page(load_results(chosen.results), chosen.words)
    PAGE.write_text(f"{before}{BEGIN}\n\n{written}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
