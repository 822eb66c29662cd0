/** Bytes as text, in hexadecimal, in base64, and their number in words. */

const LINE_BYTES = 16;
const UNITS = ["KiB", "MiB", "GiB", "TiB"];
const PRINTABLE = /^[\x20-\x7e]$/;

/** The text of bytes in UTF-8; undefined if they are not, or have a NUL. */
export function textOf(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes in hexadecimal beside their ASCII, at most `bytesMax` of them. */
export function hexDump(bytes: Uint8Array, bytesMax: number): string {
  const lines: string[] = [];
  const end = Math.min(bytes.length, bytesMax);
  for (let start = 0; start < end; start += LINE_BYTES) {
    const line = [...bytes.subarray(start, Math.min(start + LINE_BYTES, end))];
    const hex = line.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const ascii = line.map((byte) => String.fromCharCode(byte));
    const shown = ascii.map((char) => (PRINTABLE.test(char) ? char : ".")).join("");
    lines.push(`${start.toString(16).padStart(8, "0")}  ${hex.padEnd(LINE_BYTES * 3)} ${shown}`);
  }
  return lines.join("\n");
}

export function base64Of(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** The bytes that base64 stands for. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** A number of bytes: `17 bytes`, `2.3 KiB`. */
export function sizeOf(bytes: number): string {
  if (bytes < 1_024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  let size = bytes / 1_024;
  let unit = 0;
  while (size >= 1_024 && unit < UNITS.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${size.toFixed(1)} ${UNITS[unit]}`;
}
