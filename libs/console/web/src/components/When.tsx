import { useEffect, useState } from "react";

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const REDRAW_MS = 10_000;

/** A time in words from now, with the exact one as its tooltip. */
export function When(props: { at: string }) {
  const at = new Date(props.at);
  const now = useNow();
  const exact = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
  return (
    <time dateTime={props.at} title={exact}>
      {fromNow(at, now)}
    </time>
  );
}

/** Says how long a time is from another, in the greatest whole unit. */
export function fromNow(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, length] of UNITS)
    if (Math.abs(seconds) >= length) return words.format(Math.trunc(seconds / length), unit);
  return words.format(0, "second");
}

function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), REDRAW_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
