import { Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { type UrlCheck, urlCheck } from "../../../api/endpoints";
import { useApplication } from "../../application";

const PAUSE_MS = 400;
const STARTED = /^[a-z][a-z0-9+.-]*:\/\/[^/]+/i;

/** The URL, checked while it is typed: it says why the platform would refuse it. */
export function UrlField(props: {
  value: string;
  onChange: (value: string) => void;
  error?: string;
}) {
  const { value, onChange, error } = props;
  const { appId } = useApplication();
  const [typed] = useDebouncedValue(value.trim(), PAUSE_MS);
  const check = useQuery({ ...urlCheck(appId, typed), enabled: STARTED.test(typed) });
  const current = typed === value.trim() ? check.data : undefined;
  const refusal = current?.accepted === false ? current.conclusion : undefined;
  return (
    <>
      <TextInput
        type="url"
        inputMode="url"
        label="URL"
        description="Where webhooks are sent to, with POST."
        placeholder="https://example.com/webhooks"
        withAsterisk
        value={value}
        error={refusal ?? error}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Text size="sm" c="dimmed" role="status">
        {check.isFetching ? "Checking the URL…" : current?.accepted ? acceptedWords(current) : ""}
      </Text>
    </>
  );
}

function acceptedWords({ conclusion, addresses }: UrlCheck): string {
  const allowed = addresses.filter((one) => one.allowed).map(({ address }) => address);
  return allowed.length > 0 ? `${conclusion} Addresses: ${allowed.join(", ")}.` : conclusion;
}
