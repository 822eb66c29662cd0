/** Code that verifies webhooks in one language. */

/** What verifies: a shared secret (`v1`), or the public key of a pair (`v1a`). */
export type KeyKind = "secret" | "pair";

export interface Language {
  name: string;
  /** What has to be installed; undefined: the standard library is enough. */
  needs?: Partial<Record<KeyKind, string>>;
  /** The code. Names of headers begin with `prefix`: `webhook` or `svix`. */
  code: (prefix: string, kind: KeyKind) => string;
}
