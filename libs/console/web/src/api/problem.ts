/** A refusal or failure of the API, as its problem details say it. */

export interface Fault {
  loc: (string | number)[];
  msg: string;
}

export class ApiProblem extends Error {
  constructor(
    /** The status, or 0 if no answer came. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** What is wrong with which member, of a 422. */
    readonly faults: Fault[] = [],
  ) {
    super(message);
    this.name = "ApiProblem";
  }
}

/** Makes a problem of an answer's body, whatever it is. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const { code, detail, title } = (typeof body === "object" && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const name = typeof code === "string" ? code : "unknown";
  if (Array.isArray(detail)) {
    const faults = detail as Fault[];
    return new ApiProblem(status, name, faults.map((fault) => fault.msg).join(" "), faults);
  }
  const sentence = [detail, title].find((text) => typeof text === "string") as string | undefined;
  return new ApiProblem(status, name, sentence ?? `The server answered with status ${status}.`);
}

/** The faults of a problem by the member of the body that they are about, for forms. */
export function faultsByMember(problem: ApiProblem): Record<string, string> {
  const byMember: Record<string, string> = {};
  for (const { loc, msg } of problem.faults) {
    if (loc[0] === "body" && loc.length > 1) byMember[String(loc[1])] ??= msg;
  }
  return byMember;
}
