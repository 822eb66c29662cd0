import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { precheck } from "../../api/message-posting";

const DEBOUNCE_MS = 400;

/** Says before a message is posted whether an endpoint would get it. */
export function Precheck(props: { appId: string; eventType: string; channels: string[] }) {
  const [{ appId, eventType, channels }] = useDebouncedValue(props, DEBOUNCE_MS, {});
  const { data, isError } = useQuery({
    queryKey: ["precheck", appId, eventType, channels],
    queryFn: ({ signal }) =>
      precheck(appId, { eventType, channels: channels.length > 0 ? channels : undefined }, signal),
    enabled: appId !== "" && eventType !== "",
    retry: false,
  });
  return (
    <Text size="sm" c="dimmed" role="status" mih="1.5em">
      {sentence(appId !== "" && eventType !== "", isError, data?.active)}
    </Text>
  );
}

function sentence(isAsked: boolean, isError: boolean, active: boolean | undefined): string {
  if (!isAsked) return "";
  if (isError) return "Whether an endpoint gets it cannot be said: check both names.";
  if (active === undefined) return "";
  return active
    ? "At least one endpoint gets this message."
    : "No endpoint gets this message: none listens to its type and channels, or all are disabled.";
}
