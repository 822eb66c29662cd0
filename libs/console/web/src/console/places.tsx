import type { ReactNode } from "react";
import {
  TbAdjustments,
  TbApps,
  TbBell,
  TbBug,
  TbGauge,
  TbHistory,
  TbKey,
  TbListCheck,
  TbMail,
  TbSend,
  TbServer,
  TbTags,
  TbUsers,
} from "react-icons/tb";
import type { Place } from "../components/AppFrame";
import type { May } from "./permissions";

const icon = (Icon: typeof TbApps): ReactNode => <Icon size={18} aria-hidden />;

/** Where one can go, without what the permissions do not allow. The first is where one begins. */
export function placesFor(may: May, appId: string | null): Place[] {
  const places: [boolean, Place][] = [
    [may("read_tenant"), { label: "Overview", to: "/overview", icon: icon(TbGauge) }],
    [may("read_tenant"), { label: "Applications", to: "/applications", icon: icon(TbApps) }],
    [
      !may("read_tenant") && may("read_application") && appId !== null,
      { label: "Application", to: `/applications/${appId}`, icon: icon(TbApps) },
    ],
    [may("read_tenant"), { label: "Messages", to: "/messages", icon: icon(TbMail) }],
    [
      !may("read_tenant") && may("publish"),
      { label: "Post a message", to: "/messages/new", icon: icon(TbSend) },
    ],
    [may("read_event_types"), { label: "Event types", to: "/event-types", icon: icon(TbTags) }],
    [may("read_tasks"), { label: "Tasks", to: "/tasks", icon: icon(TbListCheck) }],
    [
      may("read_tenant"),
      { label: "Operational webhooks", to: "/operational-webhooks", icon: icon(TbBell) },
    ],
    [may("read_tenant"), { label: "Policy", to: "/policy", icon: icon(TbAdjustments) }],
    [may("manage_keys"), { label: "API keys", to: "/api-keys", icon: icon(TbKey) }],
    [may("read_tenant"), { label: "Audit log", to: "/audit-log", icon: icon(TbHistory) }],
    [may("read_platform"), { label: "Platform", to: "/platform", icon: icon(TbServer) }],
    [may("read_platform"), { label: "Quarantine", to: "/quarantine", icon: icon(TbBug) }],
    [may("manage_platform"), { label: "Tenants", to: "/tenants", icon: icon(TbUsers) }],
  ];
  return places.filter(([allowed]) => allowed).map(([, place]) => place);
}
