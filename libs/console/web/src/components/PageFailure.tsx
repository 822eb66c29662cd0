import type { ErrorComponentProps } from "@tanstack/react-router";
import { Failure } from "./Failure";

/** Stands in the place of a page that failed. */
export function PageFailure(props: ErrorComponentProps) {
  return <Failure error={props.error} retry={props.reset} />;
}
