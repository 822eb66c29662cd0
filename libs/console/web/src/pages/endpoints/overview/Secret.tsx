import { Button, Code, Group, Stack, Text } from "@mantine/core";
import "@mantine/core/styles/Code.css";
import { useMutation } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { type Endpoint, endpointSecret } from "../../../api/endpoints";
import { CopyButton } from "../../../components/CopyButton";
import { Failure } from "../../../components/Failure";
import { Section } from "../../../components/Section";
import { useApplication } from "../../application";

const RotateDialog = lazy(() => import("./RotateDialog"));
const HIDDEN = "whsec_••••••••••••••••••••••••";

/** The key that verifies webhooks. It is read when somebody wants to see it, and not kept. */
export function Secret(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { appId, may } = useApplication();
  const [rotating, setRotating] = useState(false);
  const secret = useMutation({ mutationFn: () => endpointSecret(appId, endpoint.id), gcTime: 0 });
  const isPublic = secret.data?.startsWith("whpk_");
  return (
    <Section
      title={isPublic ? "Public key" : "Signing secret"}
      description={
        isPublic
          ? "Verifies the signatures of webhooks. It is no secret."
          : "Verifies the signatures of webhooks. Whoever has it can sign webhooks of this endpoint."
      }
      actions={
        may.manageSecrets && (
          <Button size="compact-sm" variant="default" onClick={() => setRotating(true)}>
            Rotate
          </Button>
        )
      }
    >
      <Stack gap="xs">
        <Group gap="xs" wrap="nowrap">
          <Code flex={1} py={6} style={{ overflowWrap: "anywhere" }} data-testid="secret">
            {secret.data ?? HIDDEN}
          </Code>
          {secret.data === undefined ? (
            <Button
              size="compact-sm"
              variant="default"
              loading={secret.isPending}
              onClick={() => secret.mutate()}
              aria-label="Reveal the signing secret"
            >
              Reveal
            </Button>
          ) : (
            <>
              <CopyButton text={secret.data} label="the signing secret" />
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => secret.reset()}
                aria-label="Hide the signing secret"
              >
                Hide
              </Button>
            </>
          )}
        </Group>
        {secret.isError && <Failure error={secret.error} />}
        {isPublic && (
          <Text size="xs" c="dimmed">
            The private key never leaves the platform.
          </Text>
        )}
      </Stack>
      <Suspense>
        {rotating && (
          <RotateDialog
            endpoint={endpoint}
            onClose={() => setRotating(false)}
            onRotated={() => secret.mutate()}
          />
        )}
      </Suspense>
    </Section>
  );
}
