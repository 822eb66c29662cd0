/** Lists that are read page by page. */

/** How many rows a page has. */
export const PAGE_ROWS = 50;

interface ListPage {
  done: boolean;
  iterator: string | null;
}

/** What an infinite query of a list needs beside its key and its function. */
export const byIterator = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: ListPage) => (page.done ? undefined : (page.iterator ?? undefined)),
};
