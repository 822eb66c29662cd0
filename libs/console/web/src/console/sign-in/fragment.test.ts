import { describe, expect, it } from "vitest";
import { readSignInFragment } from "./fragment";

describe("readSignInFragment", () => {
  it("reads a key, a code and a refusal", () => {
    expect(readSignInFragment("#key=ang_sk_1")).toEqual({ kind: "key", key: "ang_sk_1" });
    expect(readSignInFragment("#code=ang_sc_1")).toEqual({ kind: "code", code: "ang_sc_1" });
    expect(readSignInFragment("#error=no_role&detail=No+role+for+you%2C+%3Cb%3E")).toEqual({
      kind: "refused",
      sentence: "No role for you, <b>",
    });
  });

  it("has a sentence for a refusal without one", () => {
    expect(readSignInFragment("#error=x")).toMatchObject({ kind: "refused" });
  });

  it("leaves other fragments alone", () => {
    for (const other of ["", "#", "#main", "#key=", "#code="])
      expect(readSignInFragment(other)).toBeUndefined();
  });
});
