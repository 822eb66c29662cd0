import { Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { type UrlCheck, urlCheck } from "../../../api/endpoints";
import { useApplication } from "../../application";

const PAUSE_MS = 400;
const STARTED = /^[a-z][a-z0-9+.-]*:\/\/[^/]+/i;
// Two lines, kept free while there is no result: one that comes must not move the fields below it
// away from under a pointer.
const RESULT_HEIGHT = "2.6rem";

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
  const fault = refusal ?? error;
  return (
    <div>
      <TextInput
        type="url"
        inputMode="url"
        label="URL"
        description="Where webhooks are sent to, with POST."
        placeholder="https://example.com/webhooks"
        withAsterisk
        value={value}
        error={fault}
        errorProps={{ mih: RESULT_HEIGHT }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Text
        size="sm"
        c="dimmed"
        role="status"
        mih={fault ? 0 : RESULT_HEIGHT}
        mt={fault ? 0 : "calc(var(--mantine-spacing-xs) / 2)"}
      >
        {fault ? "" : resultWords(check.isFetching, current)}
      </Text>
    </div>
  );
}

function resultWords(isFetching: boolean, check: UrlCheck | undefined): string {
  if (isFetching) return "Checking the URL…";
  return check?.accepted ? acceptedWords(check) : "";
}

function acceptedWords({ conclusion, addresses }: UrlCheck): string {
  const allowed = addresses.filter((one) => one.allowed).map(({ address }) => address);
  return allowed.length > 0 ? `${conclusion} Addresses: ${allowed.join(", ")}.` : conclusion;
}
