/** Changes that a form makes. */

import type { UseFormReturnType } from "@mantine/form";
import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiProblem, faultsByMember } from "../api/problem";

/**
 * Sends what a form has. Faults of members that the form has stand at their fields; `unplaced` is
 * what remains to be shown above them.
 */
export function useFormChange<Values extends Record<string, unknown>, Done>(
  form: UseFormReturnType<Values>,
  send: (values: Values) => Promise<Done>,
  options: { refreshes: string; onDone: (done: Done) => void },
): { change: UseMutationResult<Done, Error, Values>; unplaced: Error | null } {
  const queries = useQueryClient();
  const change = useMutation<Done, Error, Values>({
    mutationFn: send,
    onSuccess: async (done) => {
      await queries.invalidateQueries({ queryKey: [options.refreshes] });
      options.onDone(done);
    },
    onError: (error) => form.setErrors(placed(error, form.getValues())),
  });
  const { error } = change;
  const isPlaced = error !== null && Object.keys(placed(error, form.getValues())).length > 0;
  return { change, unplaced: isPlaced ? null : error };
}

function placed(error: Error, values: Record<string, unknown>): Record<string, string> {
  if (!(error instanceof ApiProblem)) return {};
  return Object.fromEntries(
    Object.entries(faultsByMember(error)).filter(([member]) => member in values),
  );
}
