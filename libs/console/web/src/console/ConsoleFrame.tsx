import {
  ActionIcon,
  Button,
  Container,
  Group,
  Loader,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { TbLogout, TbMoon, TbSun } from "react-icons/tb";
import type { Schemas } from "../api/client";
import { identity } from "../api/identity";
import { createQueryClient } from "../api/query-client";
import { AppFrame } from "../components/AppFrame";
import { Loaded } from "../components/Loaded";
import classes from "./ConsoleFrame.module.css";
import { type ConsoleSession, signOut, useConsoleSession } from "./console-session";
import { mayOf } from "./permissions";
import { placesFor } from "./places";

const SignInPage = lazy(() => import("./sign-in/SignInPage"));

/** The console around its pages, or the sign-in page while nobody is signed in. */
export function ConsoleFrame() {
  const session = useConsoleSession();
  return (
    <SessionQueries key={session.token ?? ""} session={session}>
      <FrameOf session={session} />
    </SessionQueries>
  );
}

function FrameOf(props: { session: ConsoleSession }) {
  const { session } = props;
  if (session.token !== undefined) return <SignedInFrame />;
  const signingIn = (
    <Container component="main" size={420} py="15vh" px="md">
      <Loader aria-label="Signing in" role="status" />
    </Container>
  );
  if (session.isOpening) return signingIn;
  return (
    <Suspense fallback={signingIn}>
      <SignInPage session={session} />
    </Suspense>
  );
}

/** A cache of its own for each session: what one identity read is not for the next. */
function SessionQueries(props: { session: ConsoleSession; children: ReactNode }) {
  const { who } = props.session;
  const [queries] = useState(() => {
    const created = createQueryClient();
    if (who !== undefined) created.setQueryData(identity.queryKey, who);
    return created;
  });
  return <QueryClientProvider client={queries}>{props.children}</QueryClientProvider>;
}

function SignedInFrame() {
  const who = useQuery(identity);
  if (who.data === undefined)
    return (
      <Container component="main" size="xs" py="xl">
        <Loaded query={who}>{() => null}</Loaded>
      </Container>
    );
  return (
    <AppFrame
      brand={
        <Text fw={600} className={classes.brand}>
          Angarium
        </Text>
      }
      places={placesFor(mayOf(who.data), who.data.appId)}
      account={<Account who={who.data} />}
    />
  );
}

/** Who is signed in, and the way out. */
function Account(props: { who: Schemas["WhoAmIOut"] }) {
  const { who } = props;
  const until = who.expiresAt
    ? `The session ends on ${new Date(who.expiresAt).toLocaleString()}.`
    : undefined;
  return (
    <Group gap="xs" wrap="nowrap" miw={0}>
      <div className={classes.who} title={until}>
        <Text size="sm" truncate>
          {who.email ?? who.name ?? who.id}
        </Text>
        <Text size="xs" c="dimmed">
          {who.scope}
        </Text>
      </div>
      <SchemeSwitch />
      <Button
        variant="default"
        size="xs"
        className={classes.out}
        leftSection={<TbLogout size={16} aria-hidden />}
        onClick={() => void signOut(mayOf(who)("log_out"))}
      >
        Sign out
      </Button>
    </Group>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={dark ? "Use light colours" : "Use dark colours"}
      onClick={() => setColorScheme(dark ? "light" : "dark")}
    >
      {dark ? <TbSun size={18} aria-hidden /> : <TbMoon size={18} aria-hidden />}
    </ActionIcon>
  );
}
