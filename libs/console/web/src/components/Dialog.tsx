import { CloseButton, Group, Modal, Title } from "@mantine/core";
import type { ReactNode } from "react";
import "../theme/dialog-styles";

/** A dialog over the page. Escape closes it, and focus goes back to where it was. */
export function Dialog(props: { title: string; onClose: () => void; children: ReactNode }) {
  const { title, onClose, children } = props;
  // Modal's own header is a <header>, which would be a second banner of the page.
  return (
    <Modal.Root opened onClose={onClose} centered>
      <Modal.Overlay />
      <Modal.Content aria-label={title}>
        <Modal.Body pt="md">
          <Group justify="space-between" align="flex-start" wrap="nowrap" mb="md">
            <Title order={2} size="h4">
              {title}
            </Title>
            <CloseButton onClick={onClose} aria-label="Close" />
          </Group>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
