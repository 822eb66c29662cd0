/** Successes and failures by hour as stacked bars; the sentence says the same in words. */
export function Sparkline(props: { success: number[]; fail: number[]; label: string }) {
  const { success, fail, label } = props;
  const highest = Math.max(1, ...success.map((count, hour) => count + (fail[hour] ?? 0)));
  const height = (count: number) => (count === 0 ? 0 : Math.max(1, (count / highest) * 24));
  return (
    <svg
      width={success.length * 5}
      height={26}
      viewBox={`0 0 ${success.length * 5} 26`}
      role="img"
      aria-label={label}
    >
      <line
        x1={0}
        x2={success.length * 5}
        y1={25.5}
        y2={25.5}
        stroke="var(--mantine-color-dimmed)"
      />
      {success.map((good, hour) => {
        const bad = fail[hour] ?? 0;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: an hour is its place.
          <g key={hour}>
            <rect
              x={hour * 5}
              y={25 - height(good)}
              width={4}
              height={height(good)}
              fill="var(--mantine-color-teal-6)"
            />
            <rect
              x={hour * 5}
              y={25 - height(good) - height(bad)}
              width={4}
              height={height(bad)}
              fill="var(--mantine-color-red-6)"
            />
          </g>
        );
      })}
    </svg>
  );
}
