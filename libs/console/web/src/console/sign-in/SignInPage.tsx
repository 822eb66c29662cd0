import {
  Alert,
  Button,
  Container,
  Divider,
  PasswordInput,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { ApiProblem } from "../../api/problem";
import { signInMethods, startOpenIdConnect } from "../../api/sign-in";
import { type ConsoleSession, signInWithKey } from "../console-session";
import { newChallenge } from "./verifier";

/** The page of whoever is not signed in. */
export default function SignInPage(props: { session: ConsoleSession }) {
  const { session } = props;
  useEffect(() => {
    document.title = "Sign in to Angarium";
  }, []);
  return (
    <Container component="main" size={420} py="15vh" px="md">
      <Stack gap="lg">
        <Title order={1} size="h2">
          Sign in to Angarium
        </Title>
        {session.notice && (
          <Alert color="red" role="alert">
            {session.notice}
          </Alert>
        )}
        <OpenIdConnect />
        <KeyForm />
      </Stack>
    </Container>
  );
}

/** The button for the provider, if the operator has set one. */
function OpenIdConnect() {
  const methods = useQuery(signInMethods);
  const start = useMutation({
    mutationFn: async () => startOpenIdConnect(await newChallenge()),
    onSuccess: (url) => location.assign(url),
  });
  const provider = methods.data?.oidc;
  if (!provider) return null;
  return (
    <Stack gap="lg">
      <Button fullWidth loading={start.isPending || start.isSuccess} onClick={() => start.mutate()}>
        Sign in with {provider.name}
      </Button>
      {start.isError && (
        <Alert color="red" role="alert">
          {start.error.message}
        </Alert>
      )}
      <Divider label="or" />
    </Stack>
  );
}

function KeyForm() {
  const [key, setKey] = useState("");
  const attempt = useMutation({ mutationFn: signInWithKey });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate(key.trim());
  };
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <PasswordInput
          label="API key"
          placeholder="ang_sk_…"
          autoComplete="off"
          required
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          error={attempt.isError ? refusal(attempt.error) : undefined}
          visibilityToggleButtonProps={{ "aria-label": "Show what is typed" }}
        />
        <Button type="submit" variant="default" loading={attempt.isPending}>
          Sign in
        </Button>
        <Text size="sm" c="dimmed">
          The key stays in this tab, until you close it or sign out. An operator can print a link
          that signs you in: <code>angarium console link</code>.
        </Text>
      </Stack>
    </form>
  );
}

function refusal(error: Error): string {
  if (error instanceof ApiProblem && error.status === 401)
    return "This is no API key of this server, or it is revoked or expired.";
  return error.message;
}
