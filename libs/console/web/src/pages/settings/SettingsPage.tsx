import { Button, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { TbCheck, TbMinus } from "react-icons/tb";
import { application as applicationOf } from "../../api/applications";
import type { Schemas } from "../../api/client";
import { identity, logOut } from "../../api/identity";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { Section } from "../../components/Section";
import { When } from "../../components/When";
import { useApplication } from "../application";
import { allowances } from "./allowances";

type Identity = Schemas["WhoAmIOut"];

/** Who is signed in, and what that allows. */
export function SettingsPage() {
  const who = useQuery(identity);
  return (
    <Page title="Settings">
      <Loaded query={who}>
        {(identified) => (
          <Stack gap="md" maw={860}>
            <SignedIn who={identified} />
            <Allowed who={identified} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function SignedIn(props: { who: Identity }) {
  const { who } = props;
  const { appId } = useApplication();
  const application = useQuery(applicationOf(appId));
  const leave = useMutation({ mutationFn: () => logOut(who) });
  return (
    <Section
      title="This session"
      actions={
        <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
          Log out
        </Button>
      }
    >
      {leave.isError && <Failure error={leave.error} />}
      <Table>
        <Table.Tbody>
          <Fact name="Application">{application.data?.name ?? appId}</Fact>
          {application.data?.uid && <Fact name="UID">{application.data.uid}</Fact>}
          <Fact name="Signed in with">
            {who.type === "portalToken" ? "A link to this portal" : "An API key"}
          </Fact>
          {who.sessionId && <Fact name="Session">{who.sessionId}</Fact>}
          <Fact name="Ends">{who.expiresAt ? <Expiry at={who.expiresAt} /> : "Never"}</Fact>
        </Table.Tbody>
      </Table>
    </Section>
  );
}

function Expiry(props: { at: string }) {
  const exact = new Date(props.at).toLocaleString(undefined, {
    dateStyle: "medium",
    timeStyle: "short",
  });
  return (
    <>
      <When at={props.at} /> ({exact})
    </>
  );
}

function Fact(props: { name: string; children: ReactNode }) {
  return (
    <Table.Tr style={{ overflowWrap: "anywhere" }}>
      <Table.Th scope="row" w="35%" fw={500}>
        {props.name}
      </Table.Th>
      <Table.Td>{props.children}</Table.Td>
    </Table.Tr>
  );
}

function Allowed(props: { who: Identity }) {
  return (
    <Section
      title="What you may do"
      description="Whoever gave you the link to this portal decides. Ask there for more."
    >
      <Table>
        <Table.Tbody>
          {allowances(props.who.capabilities).map(({ what, allowed }) => (
            <Table.Tr key={what}>
              <Table.Th scope="row" fw={400}>
                {what}
              </Table.Th>
              <Table.Td w={150}>
                <Text size="sm" c={allowed ? undefined : "dimmed"}>
                  {allowed ? <TbCheck size={14} aria-hidden /> : <TbMinus size={14} aria-hidden />}{" "}
                  {allowed ? "Allowed" : "Not allowed"}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}
