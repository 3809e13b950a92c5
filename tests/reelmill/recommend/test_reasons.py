from reelmill.recommend.reasons import of_likeness, of_match, shared_tags


def test_the_space_that_added_most_is_named_with_its_similarity() -> None:
    assert of_likeness({"text": 0.2, "visual": 0.83}, []) == "looks alike (0.83)"
    assert of_likeness({"text": 0.71, "visual": 0.1}, []) == "is about the same (0.71)"


def test_a_weak_likeness_is_called_weak() -> None:
    assert of_likeness({"visual": 0.3}, []) == "looks a little alike (0.30)"
    assert of_likeness({"text": 0.3}, []) == "is about something near (0.30)"


def test_no_likeness_is_not_called_one() -> None:
    assert of_likeness({"text": -0.2, "visual": 0.0}, []) == "the nearest there is, though not alike"


def test_shared_tags_are_named_up_to_three() -> None:
    shared = shared_tags(["Dog", "grass", "ball", "sky", "tree"], ["tree", "sky", "ball", "dog"])
    assert shared == ["Dog", "ball", "sky", "tree"]
    assert of_likeness({"visual": 0.83}, shared) == "looks alike (0.83); both: Dog, ball, sky"


def test_a_match_names_the_tags_and_title_words_that_were_asked_for() -> None:
    reason = of_match("A golden retriever at the BEACH", "Dog on the beach", ["golden retriever", "dog"], 0.414)
    assert reason == "tags: golden retriever; title: beach; likeness of meaning 0.41"


def test_a_match_of_meaning_alone_claims_no_more() -> None:
    assert of_match("puppy at the sea", "The dog", ["dog", "!"], 0.3) == "likeness of meaning 0.30"
