/** Colors of an embedding page as numbers, for shades and contrast (WCAG 2.2). */

export type Rgb = readonly [number, number, number];

export const WHITE: Rgb = [255, 255, 255];
export const BLACK: Rgb = [0, 0, 0];
/** Of small text on its background (WCAG 2.2, 1.4.3). */
export const TEXT_CONTRAST = 4.5;

const HEX = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i;
const RGB = /^rgb\(\s*(\d{1,3})\s*[\s,]\s*(\d{1,3})\s*[\s,]\s*(\d{1,3})\s*\)$/i;
const HSL = /^hsl\(\s*(\d{1,3})(?:deg)?\s*[\s,]\s*(\d{1,3})%\s*[\s,]\s*(\d{1,3})%\s*\)$/i;
const STEPS = 20;

/** Reads `#rgb`, `#rrggbb`, `rgb(…)` or `hsl(…)`; undefined for anything else. */
export function parseColor(text: string): Rgb | undefined {
  const hex = HEX.exec(text)?.[1];
  if (hex !== undefined) {
    const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
    return channels(digits.match(/../g)?.map((pair) => Number.parseInt(pair, 16)));
  }
  const rgb = RGB.exec(text);
  if (rgb) return channels(rgb.slice(1).map(Number));
  const hsl = HSL.exec(text);
  return hsl ? fromHsl(Number(hsl[1]), Number(hsl[2]) / 100, Number(hsl[3]) / 100) : undefined;
}

/** `#rrggbb` */
export function toHex(color: Rgb): string {
  return `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** A color with so much of another in it, from 0 to 1. */
export function mix(color: Rgb, other: Rgb, share: number): Rgb {
  const mixed = color.map((part, index) =>
    Math.round(part * (1 - share) + (other[index] ?? 0) * share),
  );
  return [mixed[0] ?? 0, mixed[1] ?? 0, mixed[2] ?? 0];
}

/** The contrast of two colors, from 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** Black or white, whichever can be read better on a color: always with a contrast of 4.5. */
export function textOn(background: Rgb): Rgb {
  return contrast(WHITE, background) >= contrast(BLACK, background) ? WHITE : BLACK;
}

/** The color, or the nearest shade of it that can be read on all these backgrounds. */
export function readableOn(color: Rgb, ...backgrounds: Rgb[]): Rgb {
  const lowest = (shade: Rgb) => Math.min(...backgrounds.map((each) => contrast(shade, each)));
  const towards = lowest(WHITE) >= lowest(BLACK) ? WHITE : BLACK;
  for (let step = 0; step <= STEPS; step++) {
    const shade = mix(color, towards, step / STEPS);
    if (lowest(shade) >= TEXT_CONTRAST) return shade;
  }
  return towards;
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function fromHsl(hue: number, saturation: number, lightness: number): Rgb | undefined {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const part = (offset: number) => {
    const place = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return channels([part(0), part(8), part(4)]);
}

function channels(parts: number[] | undefined): Rgb | undefined {
  const [red, green, blue] = parts ?? [];
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  const valid = [red, green, blue].every((part) => part >= 0 && part <= 255);
  return valid ? [red, green, blue] : undefined;
}
