"""Bounded mapping that evicts its least recently used items."""

from collections import OrderedDict
from collections.abc import Callable, ItemsView


class LruCache[Key, Value]:
    """Mapping of at most `items_max` items.

    `get` does not count as use: a caller that rejects an outdated value must not keep it alive.
    `touch` does, and so does `put`. A cache that never calls `touch` evicts in the order of
    insertion. `on_evict` receives each item that leaves for lack of space, but none that is
    removed with `pop` or replaced.
    """

    def __init__(
        self, items_max: int, *, on_evict: Callable[[Key, Value], None] | None = None
    ) -> None:
        items: OrderedDict[Key, Value] = OrderedDict()
        self._items = items
        self._items_max = items_max
        self._on_evict = on_evict
        # Bound methods of the C type: a look-up on the hot path costs no Python frame.
        self.get: Callable[[Key], Value | None] = items.get
        self.touch: Callable[[Key], None] = items.move_to_end
        self.size: Callable[[], int] = items.__len__

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: Key) -> bool:
        return key in self._items

    def items(self) -> ItemsView[Key, Value]:
        """All items, least recently used first."""
        return self._items.items()

    def put(self, key: Key, value: Value) -> None:
        """Add or replace an item, and evict others while there are too many."""
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._items_max:
            self.evict()

    def pop(self, key: Key) -> Value | None:
        """Remove an item. Returns its value, or None when it is not there."""
        return self._items.pop(key, None)

    def evict(self) -> None:
        """Remove the least recently used item. Raises KeyError when the cache is empty."""
        key, value = self._items.popitem(last=False)
        if self._on_evict is not None:
            self._on_evict(key, value)
