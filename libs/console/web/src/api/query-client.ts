import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./problem";

const RETRIES = 2;

/** A client that repeats what may succeed the next time, and not what the API refused. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, error) =>
          count < RETRIES && !(error instanceof ApiProblem && error.status in REFUSED),
      },
    },
  });
}

const REFUSED: Record<number, true> = {
  400: true,
  401: true,
  403: true,
  404: true,
  409: true,
  410: true,
  422: true,
};
