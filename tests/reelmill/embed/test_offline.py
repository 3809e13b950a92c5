from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from reelmill.embed.offline import TEXT_SPACE, OfflineTextEmbedder
from reelmill.errors import Misuse
from reelmill.ports import TextEmbedder


@pytest.fixture(scope="module")
def embedder() -> OfflineTextEmbedder:
    return OfflineTextEmbedder()


def test_vectors_are_of_the_spaces_size_and_of_unit_length(embedder: OfflineTextEmbedder) -> None:
    port: TextEmbedder = embedder
    for vector in port.embed_documents(["dog, dog, person", "harp"]):
        assert vector.shape == (TEXT_SPACE.dimensions,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_a_text_has_one_vector_whatever_stands_beside_it(embedder: OfflineTextEmbedder) -> None:
    [alone] = embedder.embed_documents(["drum, person"])
    _, among, _ = embedder.embed_documents(["a long text about trains and the sea", "drum, person", "cat"])
    assert np.array_equal(alone, among)
    assert np.array_equal(alone, embedder.embed_query("drum, person"))


def test_a_question_finds_what_it_means_in_other_languages_too(embedder: OfflineTextEmbedder) -> None:
    documents = ["dog, dog, Beagle, person", "drum, drumstick, person", "train, freight car"]
    vectors = np.stack(embedder.embed_documents(documents))
    for query, expected in [("my puppy", 0), ("un chien", 0), ("Schlagzeug", 1), ("eisenbahn", 2), ("a railway", 2)]:
        assert int(np.argmax(vectors @ embedder.embed_query(query))) == expected, query


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_has_no_vector(embedder: OfflineTextEmbedder, text: str) -> None:
    with pytest.raises(Misuse):
        embedder.embed_documents(["dog", text])
    with pytest.raises(Misuse):
        embedder.embed_query(text)


def test_no_texts_give_no_vectors(embedder: OfflineTextEmbedder) -> None:
    assert embedder.embed_documents([]) == []


def test_threads_that_start_together_share_one_encoder() -> None:
    embedder = OfflineTextEmbedder()
    with ThreadPoolExecutor(4) as threads:
        vectors = list(threads.map(embedder.embed_query, ["dog"] * 8))
    assert all(np.array_equal(vector, vectors[0]) for vector in vectors)
