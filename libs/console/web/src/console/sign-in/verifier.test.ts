// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { challengeOf, newChallenge, takeVerifier } from "./verifier";

describe("the verifier of a sign-in", () => {
  it("has the challenge of RFC 7636, appendix B", async () => {
    expect(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe(
      "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
  });

  it("can be taken once", async () => {
    const challenge = await newChallenge();
    const verifier = takeVerifier();
    expect(verifier).toMatch(/^[\w-]{43}$/);
    expect(await challengeOf(verifier as string)).toBe(challenge);
    expect(takeVerifier()).toBeUndefined();
  });
});
