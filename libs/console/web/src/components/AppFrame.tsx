import { Anchor, Burger, Group, NavLink } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import classes from "./AppFrame.module.css";

export interface Place {
  label: string;
  to: string;
  icon: ReactNode;
}

/** The frame of all pages: a header, where one can go, and the page. */
export function AppFrame(props: {
  /** What stands in the header: a name or a logo. */
  brand: ReactNode;
  places: Place[];
  /** What stands at the end of the header. */
  account?: ReactNode;
}) {
  const { brand, places, account } = props;
  const [opened, { toggle, close }] = useDisclosure();
  return (
    <div className={classes.frame}>
      <header className={classes.header}>
        <Anchor className={classes.skip} href="#main">
          Skip to the page
        </Anchor>
        <Group gap="sm" wrap="nowrap" miw={0}>
          <Burger
            className={classes.burger}
            opened={opened}
            onClick={toggle}
            size="sm"
            aria-expanded={opened}
            aria-controls="pages"
            aria-label={opened ? "Close the navigation" : "Open the navigation"}
          />
          {brand}
        </Group>
        {account}
      </header>
      <nav id="pages" className={classes.nav} data-opened={opened || undefined} aria-label="Pages">
        {places.map((place) => (
          <NavPlace key={place.to} place={place} onClick={close} />
        ))}
      </nav>
      <main id="main" className={classes.main} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function NavPlace(props: { place: Place; onClick: () => void }) {
  const { label, to, icon } = props.place;
  const { pathname } = useLocation();
  const active = pathname === to || pathname.startsWith(`${to}/`);
  return (
    <NavLink
      component={Link}
      to={to}
      label={label}
      leftSection={icon}
      active={active}
      aria-current={active ? "page" : undefined}
      onClick={props.onClick}
    />
  );
}
