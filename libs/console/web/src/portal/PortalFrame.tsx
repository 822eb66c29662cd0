import { Container, Image, Text } from "@mantine/core";
import "@mantine/core/styles/Container.css";
import "@mantine/core/styles/Image.css";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { onSessionEnded } from "../api/client";
import { identity } from "../api/identity";
import { AppFrame, type Place } from "../components/AppFrame";
import { Loaded } from "../components/Loaded";
import { Page } from "../components/Page";
import { ApplicationProvider } from "../pages/application";
import { currentSession, forgetSession } from "../session/session";
import type { Appearance } from "../theme/appearance";
import { onArrival } from "./arrival";
import { permissionsOf } from "./permissions";

/** The portal around its pages: who the token is for, and what it allows. */
export function PortalFrame(props: { appearance: Appearance; places: Place[] }) {
  const session = useSession();
  if (session?.appId === undefined)
    return (
      <Container component="main" size="sm" py="xl">
        <Page title="This link has ended">
          Open the portal again from where you came. A link to it is valid for some time only.
        </Page>
      </Container>
    );
  return <SignedIn key={session.token} {...props} appId={session.appId} />;
}

function SignedIn(props: { appearance: Appearance; places: Place[]; appId: string }) {
  const { appearance, places, appId } = props;
  const who = useQuery(identity);
  return (
    <Loaded query={who}>
      {(identified) => (
        <ApplicationProvider scope={{ appId, path: "", may: permissionsOf(identified) }}>
          {appearance.hideNavigation ? (
            <Container component="main" size="xl" py="md">
              <Outlet />
            </Container>
          ) : (
            <AppFrame brand={<Brand logo={appearance.logo} />} places={places} />
          )}
        </ApplicationProvider>
      )}
    </Loaded>
  );
}

function Brand(props: { logo?: string }) {
  return props.logo ? (
    <Image src={props.logo} alt="" h={32} w="auto" fit="contain" />
  ) : (
    <Text fw={600}>Webhooks</Text>
  );
}

/** The session, until the server refuses it or another one begins. */
function useSession() {
  const client = useQueryClient();
  const [session, setSession] = useState(currentSession);
  useEffect(() => {
    const change = () => {
      client.clear();
      setSession(currentSession());
    };
    const stops = [
      onSessionEnded(() => {
        forgetSession();
        change();
      }),
      onArrival(change),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [client]);
  return session;
}
