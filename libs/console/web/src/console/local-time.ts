/** Times in fields of the type datetime-local, which have no time zone. */

/** A time as such a field shows it, in the time zone of the browser; "" if there is none. */
export function asLocal(time: string | undefined): string {
  const at = new Date(time ?? "");
  if (Number.isNaN(at.getTime())) return "";
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** The time that such a field means, as RFC 3339; undefined if it is empty. */
export function asTime(local: string): string | undefined {
  const at = new Date(local);
  return local === "" || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
