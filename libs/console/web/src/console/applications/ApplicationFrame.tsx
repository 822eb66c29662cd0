import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import {
  type Application,
  application as applicationQuery,
  deleteApplication,
} from "../../api/applications";
import { Loaded } from "../../components/Loaded";
import { ApplicationProvider } from "../../pages/application";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { Mono } from "../components/Mono";
import { applicationPermissions, useMay } from "../permissions";
import { ApplicationForm } from "./ApplicationForm";
import classes from "./ApplicationFrame.module.css";
import { PortalLinkDialog } from "./PortalLinkDialog";

/** The pages of one application, with an operator's rights. */
export function ApplicationFrame() {
  const { appId } = useParams({ strict: false }) as { appId: string };
  const found = useQuery(applicationQuery(appId));
  return <Loaded query={found}>{(application) => <Frame application={application} />}</Loaded>;
}

function Frame(props: { application: Application }) {
  const { application } = props;
  const may = useMay();
  const path = `/applications/${application.id}`;
  const scope = { appId: application.id, path, may: applicationPermissions(may) };
  return (
    <ApplicationProvider scope={scope}>
      <Stack gap="md">
        <Group justify="space-between" align="flex-start">
          <Stack gap={0} miw={0}>
            {may("read_tenant") && (
              <Anchor component={Link} to="/applications" size="sm">
                Applications
              </Anchor>
            )}
            <Text fw={600} size="lg" style={{ overflowWrap: "anywhere" }}>
              {application.name}
            </Text>
            <Mono>{application.uid ?? application.id}</Mono>
          </Stack>
          {may("manage_tenant") && <Actions application={application} />}
        </Group>
        <SubNavigation path={path} />
        <Outlet />
      </Stack>
    </ApplicationProvider>
  );
}

const PAGES = [
  { label: "Endpoints", page: "endpoints" },
  { label: "Event catalog", page: "event-types" },
  { label: "Deliveries", page: "deliveries" },
  { label: "Settings", page: "settings" },
];

function SubNavigation(props: { path: string }) {
  const { pathname } = useLocation();
  return (
    <nav aria-label="Pages of the application" className={classes.pages}>
      {PAGES.map(({ label, page }) => {
        const to = `${props.path}/${page}`;
        const active = pathname === to || pathname.startsWith(`${to}/`);
        return (
          <Link
            key={page}
            to={to}
            className={classes.page}
            aria-current={active ? "page" : undefined}
            data-active={active || undefined}
          >
            {label}
          </Link>
        );
      })}
    </nav>
  );
}

function Actions(props: { application: Application }) {
  const { application } = props;
  const navigate = useNavigate();
  const [open, setOpen] = useState<"edit" | "delete" | "portal">();
  const close = () => setOpen(undefined);
  return (
    <Group gap="xs">
      <Button variant="default" size="xs" onClick={() => setOpen("portal")}>
        Portal link
      </Button>
      <Button
        variant="default"
        size="xs"
        component={Link}
        to="/messages/new"
        search={{ app: application.uid ?? application.id } as never}
      >
        Post a message
      </Button>
      <Button variant="default" size="xs" onClick={() => setOpen("edit")}>
        Edit
      </Button>
      <Button variant="default" size="xs" onClick={() => setOpen("delete")}>
        Delete
      </Button>
      <ApplicationForm opened={open === "edit"} application={application} onClose={close} />
      <PortalLinkDialog opened={open === "portal"} appId={application.id} onClose={close} />
      <ConfirmDialog
        opened={open === "delete"}
        title={`Delete ${application.name}?`}
        verb="Delete the application"
        act={() => deleteApplication(application.id)}
        onDone={() => void navigate({ to: "/applications" })}
        onClose={close}
      >
        <Text size="sm">
          Its endpoints and their secrets are deleted, and webhooks that are still to be sent are
          canceled. This cannot be undone.
        </Text>
      </ConfirmDialog>
    </Group>
  );
}
