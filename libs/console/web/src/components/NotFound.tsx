import { Empty } from "./Empty";

/** The page of an address that leads nowhere. */
export function NotFound() {
  return <Empty title="There is no such page">Choose one from the navigation.</Empty>;
}
