import {
  IconAdjustments,
  IconApps,
  IconBell,
  IconBug,
  IconGauge,
  IconHistory,
  IconKey,
  IconListCheck,
  IconMail,
  IconSend,
  IconServer,
  IconTags,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Place } from "../components/AppFrame";
import type { May } from "./permissions";

const icon = (Icon: typeof IconApps): ReactNode => <Icon size={18} aria-hidden />;

/** Where one can go, without what the permissions do not allow. The first is where one begins. */
export function placesFor(may: May, appId: string | null): Place[] {
  const places: [boolean, Place][] = [
    [may("read_tenant"), { label: "Overview", to: "/overview", icon: icon(IconGauge) }],
    [may("read_tenant"), { label: "Applications", to: "/applications", icon: icon(IconApps) }],
    [
      !may("read_tenant") && may("read_application") && appId !== null,
      { label: "Application", to: `/applications/${appId}`, icon: icon(IconApps) },
    ],
    [may("read_tenant"), { label: "Messages", to: "/messages", icon: icon(IconMail) }],
    [
      !may("read_tenant") && may("publish"),
      { label: "Post a message", to: "/messages/new", icon: icon(IconSend) },
    ],
    [may("read_event_types"), { label: "Event types", to: "/event-types", icon: icon(IconTags) }],
    [may("read_tasks"), { label: "Tasks", to: "/tasks", icon: icon(IconListCheck) }],
    [
      may("read_tenant"),
      { label: "Operational webhooks", to: "/operational-webhooks", icon: icon(IconBell) },
    ],
    [may("read_tenant"), { label: "Policy", to: "/policy", icon: icon(IconAdjustments) }],
    [may("manage_keys"), { label: "API keys", to: "/api-keys", icon: icon(IconKey) }],
    [may("read_tenant"), { label: "Audit log", to: "/audit-log", icon: icon(IconHistory) }],
    [may("read_platform"), { label: "Platform", to: "/platform", icon: icon(IconServer) }],
    [may("read_platform"), { label: "Quarantine", to: "/quarantine", icon: icon(IconBug) }],
  ];
  return places.filter(([allowed]) => allowed).map(([, place]) => place);
}
