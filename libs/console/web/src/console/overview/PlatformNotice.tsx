import { Alert, Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type PlatformState, platformState } from "../../api/platform";

/** Says what of the platform itself needs an operator; nothing while all is well. */
export function PlatformNotice() {
  const { data } = useQuery(platformState);
  const troubles = data === undefined ? [] : troublesOf(data);
  if (troubles.length === 0) return null;
  return (
    <Alert color="orange" title="The platform needs attention">
      {troubles.join(" ")}{" "}
      <Anchor component={Link} to="/platform" inherit>
        Open the platform page
      </Anchor>
    </Alert>
  );
}

/** What is wrong with the platform, in sentences. */
export function troublesOf(state: PlatformState): string[] {
  const silent = state.processes?.filter((process) => process.state === "silent") ?? [];
  const unread = state.streams?.filter((stream) => !stream.exists || stream.readers === 0) ?? [];
  const quarantined = Object.values(state.quarantine ?? {}).reduce((sum, count) => sum + count, 0);
  const setAside = state.backlog?.setAsideBatches ?? 0;
  const sentences = [
    silent.length > 0 && `Silent processes: ${silent.map((each) => each.service).join(", ")}.`,
    unread.length > 0 &&
      `Streams that nobody reads: ${unread.map((each) => each.name).join(", ")}.`,
    quarantined > 0 && `Entries in quarantine: ${quarantined}.`,
    setAside > 0 && `Batches set aside: ${setAside}.`,
  ];
  return sentences.filter((sentence) => sentence !== false);
}
