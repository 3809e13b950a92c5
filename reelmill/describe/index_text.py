"""The text that the text vector is made from: the observers' words, each as often as it weighs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MENTION = 0.1
"""Weight that one mention stands for."""
MENTIONS = 6
"""Most mentions of a word, that one sure thing does not drown the others."""
CHARS = 4000
"""As long as a description's `index_text` may be."""
JOINT = ", "


def compose(observed: Iterable[Mapping[str, float]]) -> str:
    """Words with commas between them, the weightiest first; empty when there are none.

    A sentence encoder sums over words, so a word mentioned twice counts about twice. Nothing but the observers'
    words goes in: those of a template would make all videos look alike.
    """
    weights: dict[str, float] = {}
    for words in observed:
        for word, weight in words.items():
            weights[word] = weights.get(word, 0.0) + weight
    ordered = sorted(weights, key=lambda word: (-weights[word], word))
    return _cut([word for word in ordered for _ in range(mentions(weights[word]))])


def mentions(weight: float) -> int:
    """How often a word of this weight is mentioned, once at least."""
    return max(1, min(MENTIONS, round(weight / MENTION)))


def _cut(words: list[str]) -> str:
    text = JOINT.join(words)
    return text if len(text) <= CHARS else text[:CHARS].rpartition(JOINT)[0]
