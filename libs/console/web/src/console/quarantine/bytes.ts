/** Bytes for people: hexadecimal and text side by side. */

export interface HexLine {
  offset: string;
  hex: string;
  text: string;
}

const LINE_BYTES = 16;

/** The bytes that base64 stands for. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** Lines of sixteen bytes, at most `linesMax`; bytes that are no printable ASCII are dots. */
export function hexLines(bytes: Uint8Array, linesMax: number): HexLine[] {
  const lines: HexLine[] = [];
  for (let at = 0; at < bytes.length && lines.length < linesMax; at += LINE_BYTES) {
    const part = [...bytes.subarray(at, at + LINE_BYTES)];
    lines.push({
      offset: at.toString(16).padStart(8, "0"),
      hex: part.map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
      text: part
        .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."))
        .join(""),
    });
  }
  return lines;
}
