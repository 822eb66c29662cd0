/** What came in while nobody looked: a bounded number of items, the latest of each key. */
export class EventBuffer<Item> {
  private items = new Map<string, Item>();
  /** How many keys were left out because there were too many. */
  dropped = 0;

  constructor(
    private readonly keyOf: (item: Item) => string,
    private readonly itemsMax: number,
  ) {}

  get size(): number {
    return this.items.size;
  }

  /** Adds an item as the newest; one of the same key is replaced, and the oldest may be dropped. */
  push(item: Item): void {
    const key = this.keyOf(item);
    this.items.delete(key);
    this.items.set(key, item);
    if (this.items.size <= this.itemsMax) return;
    const oldest = this.items.keys().next().value;
    if (oldest !== undefined) this.items.delete(oldest);
    this.dropped += 1;
  }

  /** Takes everything out, oldest first, with the number of those that were left out. */
  drain(): { items: Item[]; dropped: number } {
    const drained = { items: [...this.items.values()], dropped: this.dropped };
    this.items = new Map();
    this.dropped = 0;
    return drained;
  }
}
