import type { DeliveryState } from "../../api/endpoints";
import { atMostCounted } from "./endpoint-status";

/** Says that the deliveries that wait for an endpoint are about to be cancelled. */
export function cancelledWords(state: DeliveryState | undefined): string {
  if (state === undefined) return "Deliveries that still wait for it are cancelled.";
  const count = state.parked + state.scheduled;
  if (count === 0) return "No delivery waits for it at the moment.";
  return count === 1
    ? "1 delivery that waits for it is cancelled."
    : `${atMostCounted(count)} deliveries that wait for it are cancelled.`;
}
