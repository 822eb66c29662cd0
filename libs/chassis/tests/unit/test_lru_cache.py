"""The bounded mapping keeps what was used last, and reports what it evicts."""

from angarium_chassis.lru_cache import LruCache
from hypothesis import given
from hypothesis import strategies as st


def test_the_least_recently_used_item_is_evicted() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.touch("a")
    cache.put("c", 3)
    assert list(cache.items()) == [("a", 1), ("c", 3)]


def test_a_read_does_not_count_as_use() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert cache.get("a") is None


def test_replacing_an_item_counts_as_use_and_evicts_nothing() -> None:
    evicted: list[tuple[str, int]] = []
    cache: LruCache[str, int] = LruCache(2, on_evict=lambda *item: evicted.append(item))
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 3)
    assert (list(cache.items()), evicted) == ([("b", 2), ("a", 3)], [])


def test_only_items_that_leave_for_lack_of_space_are_reported() -> None:
    evicted: list[tuple[str, int]] = []
    cache: LruCache[str, int] = LruCache(2, on_evict=lambda *item: evicted.append(item))
    for number, key in enumerate("abc"):
        cache.put(key, number)
    assert cache.pop("b") == 1
    assert cache.pop("b") is None
    cache.evict()
    assert (evicted, len(cache), cache.size()) == ([("a", 0), ("c", 2)], 0, 0)


@given(st.integers(1, 5), st.lists(st.tuples(st.sampled_from("ptd"), st.integers(0, 8))))
def test_it_holds_the_keys_used_last_and_never_more_than_its_bound(
    items_max: int, operations: list[tuple[str, int]]
) -> None:
    cache: LruCache[int, int] = LruCache(items_max)
    model: list[int] = []
    for operation, key in operations:
        if operation == "p":
            cache.put(key, key)
            model = [*(each for each in model if each != key), key][-items_max:]
        elif operation == "t" and key in cache:
            cache.touch(key)
            model = [*(each for each in model if each != key), key]
        elif operation == "d":
            cache.pop(key)
            model = [each for each in model if each != key]
        assert [each for each, _ in cache.items()] == model
