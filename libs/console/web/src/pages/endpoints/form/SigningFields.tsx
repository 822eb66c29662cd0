import { PasswordInput, Radio, Stack } from "@mantine/core";
import type { SigningKind } from "./form-values";

/** With what kind of key the webhooks of a new endpoint are signed. */
export function SigningFields(props: {
  kind: SigningKind;
  secret: string;
  onKind: (kind: SigningKind) => void;
  onSecret: (secret: string) => void;
  error?: string;
}) {
  const { kind, secret, onKind, onSecret, error } = props;
  return (
    <Stack gap="xs">
      <Radio.Group
        label="Signing key"
        description="Every webhook is signed, so that the receiver can tell that it is genuine."
        value={kind}
        onChange={(value) => onKind(value as SigningKind)}
        error={kind === "own" ? undefined : error}
      >
        <Stack gap="xs" mt="xs">
          <Radio
            value="symmetric"
            label="Shared secret (HMAC-SHA256)"
            description="The usual choice: every library for webhooks verifies it."
          />
          <Radio
            value="asymmetric"
            label="Key pair (Ed25519)"
            description="The receiver gets a public key only, which signs nothing."
          />
          <Radio value="own" label="A secret of your own" />
        </Stack>
      </Radio.Group>
      {kind === "own" && (
        <PasswordInput
          label="Secret"
          description="whsec_ and the base64 of 24 to 64 random bytes, or whsk_ and an Ed25519 private key."
          value={secret}
          error={error}
          aria-invalid={error !== undefined}
          autoComplete="off"
          visibilityToggleButtonProps={{ "aria-label": "Show the secret" }}
          onChange={(event) => onSecret(event.currentTarget.value)}
        />
      )}
    </Stack>
  );
}
