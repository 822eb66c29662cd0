import { Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Endpoint, endpointSecret } from "../../../api/endpoints";
import { CodeBlock } from "../../../components/CodeBlock";
import { Section } from "../../../components/Section";
import { useApplication } from "../../application";
import { LANGUAGES } from "./languages";
import type { KeyKind, Language } from "./languages/language";

const KINDS = [
  { value: "secret", label: "Shared secret (whsec_…)" },
  { value: "pair", label: "Key pair (whpk_…)" },
];

/** Code that verifies the webhooks of an endpoint, with the names of its headers. */
export default function Verification(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { may } = useApplication();
  const [name, setName] = useState(LANGUAGES[0]?.name);
  const [chosenKind, setKind] = useState<KeyKind>();
  const known = useKeyKind(endpoint.id, may.viewSecrets);
  const kind = chosenKind ?? known ?? "secret";
  const prefix = endpoint.signatureHeaders === "svix" ? "svix" : "webhook";
  const language = LANGUAGES.find((one) => one.name === name);
  return (
    <Section
      title="Verify signatures"
      description="Anybody can send requests to your URL. The signature tells which ones are genuine."
    >
      <Stack gap="sm">
        <Group align="flex-end">
          <NativeSelect
            label="Language"
            value={name}
            data={LANGUAGES.map((one) => one.name)}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <NativeSelect
            label="Signing key"
            value={kind}
            data={KINDS}
            onChange={(event) => setKind(event.currentTarget.value as KeyKind)}
          />
        </Group>
        {language && <Code language={language} prefix={prefix} kind={kind} />}
        <Text size="sm" c="dimmed">
          Pass the body exactly as it was received. A body that was parsed and written again has
          other bytes, and its signature is not valid.
        </Text>
      </Stack>
    </Section>
  );
}

function Code(props: { language: Language; prefix: string; kind: KeyKind }) {
  const { language, prefix, kind } = props;
  const needs = language.needs?.[kind];
  const variable = kind === "secret" ? "WEBHOOK_SECRET" : "WEBHOOK_PUBLIC_KEY";
  return (
    <>
      <Text size="sm">
        Set the environment variable {variable} to the{" "}
        {kind === "secret" ? "signing secret" : "public key"} of this endpoint.
      </Text>
      {needs && (
        <Text size="sm">
          Needs: <code>{needs}</code>
        </Text>
      )}
      <CodeBlock label={`the code in ${language.name}`} text={language.code(prefix, kind)} />
    </>
  );
}

/** The kind of key that signs for an endpoint, if it may be known. The key is not kept. */
function useKeyKind(endpointId: string, enabled: boolean): KeyKind | undefined {
  const { appId } = useApplication();
  const kind = useQuery({
    queryKey: ["app", appId, "endpoints", endpointId, "key-kind"],
    queryFn: async (): Promise<KeyKind> =>
      (await endpointSecret(appId, endpointId)).startsWith("whpk_") ? "pair" : "secret",
    enabled,
  });
  return kind.data;
}
