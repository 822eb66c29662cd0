import { Textarea, type TextareaProps } from "@mantine/core";

/** A field for JSON, in which errors are marked by the form. */
export function JsonField(props: TextareaProps) {
  return (
    <Textarea
      autosize
      minRows={6}
      maxRows={30}
      spellCheck={false}
      autoCapitalize="off"
      autoCorrect="off"
      styles={{
        input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.8125rem" },
      }}
      dir="ltr"
      {...props}
    />
  );
}
