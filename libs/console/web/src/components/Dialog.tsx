import { Modal, type ModalProps } from "@mantine/core";
import type { ReactNode } from "react";
import "../theme/dialog-styles";

/** A dialog over the page. Escape closes it, and focus goes back to where it was. */
export function Dialog(props: {
  /** False keeps it closed; it opens and closes with a transition. */
  opened?: boolean;
  title: string;
  size?: ModalProps["size"];
  /** False where a click beside it would lose something. */
  closeOnClickOutside?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const { opened = true, title, size, closeOnClickOutside, onClose, children } = props;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      closeOnClickOutside={closeOnClickOutside}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
      // Its header is none of the page.
      attributes={{ header: { role: "presentation" } }}
    >
      {children}
    </Modal>
  );
}
