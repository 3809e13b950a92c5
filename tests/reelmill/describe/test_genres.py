from pathlib import Path

import pytest

from reelmill.describe.genres import default_file, load_genres
from reelmill.describe.sightings import weigh
from reelmill.errors import Misuse
from tests.reelmill.describe.pictures import seen

ENTRY = '[[genre]]\nid = "pets"\nname = "Pets"\ndescription = "Dogs."\nshows = ["dog"]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "genres.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_list_that_ships_has_twenty_to_forty_genres() -> None:
    assert 20 <= len(load_genres().entries) <= 40
    assert {"pets", "music", "comedy", "news"} <= load_genres().ids


def test_the_list_is_found_in_a_working_copy() -> None:
    assert default_file().name == "genres.toml"
    assert default_file().is_file()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[genre]", "is not TOML"),
        ("", "genre: field required"),
        ("genre = []", "genre: "),
        (ENTRY.replace('"pets"', '"Pets!"'), "genre 1 id: "),
        (ENTRY + "colour = 1\n", "genre 1 colour: extra inputs"),
        (ENTRY.replace('name = "Pets"\n', ""), "genre 1 name: field required"),
        (ENTRY + ENTRY, "more than one genre 'pets'"),
        (ENTRY.replace('"dog"', '"dgo"'), "lets 'pets' show 'dgo'"),
    ],
)
def test_a_bad_list_is_told_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Misuse) as caught:
        load_genres(path)
    message = str(caught.value)
    assert sentence in message
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message.rstrip("\n") or "TOML" in message


def test_a_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="cannot be read"):
        load_genres(tmp_path / "none.toml")


def test_a_list_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "genres.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Misuse, match="not TOML in UTF-8"):
        load_genres(path)


def test_only_sure_sightings_give_a_genre() -> None:
    genres = load_genres()
    assert genres.of(weigh([seen("image", "dog", 0.7)], 8)) == ("pets",)
    assert genres.of(weigh([seen("image", "dog", 0.45)], 8)) == ()


def test_people_are_a_genre_only_where_nothing_else_is() -> None:
    genres = load_genres()
    person = seen("object", "person", 0.9)
    assert genres.of(weigh([person], 8)) == ("people",)
    assert genres.of(weigh([person, seen("image", "drum", 0.6)], 8)) == ("music",)


def test_at_most_three_genres_are_given_the_likeliest_first() -> None:
    found = [seen("image", word, 0.9 - 0.05 * n) for n, word in enumerate(["drum", "dog", "bus", "food", "flower"])]
    assert load_genres().of(weigh(found, 8)) == ("music", "pets", "transport")
