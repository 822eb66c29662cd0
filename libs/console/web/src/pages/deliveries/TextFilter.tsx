import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";

const TYPED_MS = 400;

/** A field whose text is a filter, once typing paused or at Enter. */
export function TextFilter(props: {
  label: string;
  value?: string;
  onChange: (value?: string) => void;
  placeholder?: string;
  className?: string;
}) {
  const { label, value = "", onChange, placeholder, className } = props;
  const [typed, setTyped] = useState(value);
  const apply = (text: string) => onChange(text.trim() || undefined);
  const applyLater = useDebouncedCallback(apply, TYPED_MS);
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      className={className}
      label={label}
      placeholder={placeholder}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        applyLater(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") applyLater.flush();
      }}
      autoComplete="off"
      spellCheck={false}
    />
  );
}
