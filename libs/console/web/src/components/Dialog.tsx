import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import "../theme/dialog-styles";

/** A dialog over the page. Escape closes it, and focus goes back to where it was. */
export function Dialog(props: { title: string; onClose: () => void; children: ReactNode }) {
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={props.title}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {props.children}
    </Modal>
  );
}
