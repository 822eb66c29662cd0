import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { identity } from "../api/identity";
import { Empty } from "../components/Empty";
import { mayOf } from "./permissions";
import { placesFor } from "./places";

/** Leads to the first place that who is signed in may see. */
export function FirstPlace() {
  const { data: who } = useQuery(identity);
  if (who === undefined) return null;
  const [first] = placesFor(mayOf(who), who.appId);
  if (first !== undefined) return <Navigate to={first.to} replace />;
  return (
    <Empty title="Nothing to see with this key">
      Its scope allows none of the console's pages. Sign in with a key of another scope.
    </Empty>
  );
}
