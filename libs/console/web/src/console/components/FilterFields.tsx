import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { asLocal, asTime } from "../local-time";

const DEBOUNCE_MS = 300;

interface FilterProps {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  placeholder?: string;
}

/** A text to filter by, which applies when one stops typing. */
export function TextFilter(props: FilterProps) {
  const { label, value = "", onChange, placeholder } = props;
  const [typed, setTyped] = useState(value);
  const apply = useDebouncedCallback(
    (text: string) => onChange(text.trim() || undefined),
    DEBOUNCE_MS,
  );
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      label={label}
      size="xs"
      placeholder={placeholder}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        apply(event.currentTarget.value);
      }}
    />
  );
}

/** A time to filter by, in the time zone of the browser. */
export function TimeFilter(props: FilterProps) {
  const { label, value, onChange } = props;
  return (
    <TextInput
      type="datetime-local"
      label={label}
      size="xs"
      value={asLocal(value)}
      onChange={(event) => onChange(asTime(event.currentTarget.value))}
    />
  );
}

/** One of some values to filter by, or any. */
export function ChoiceFilter(
  props: FilterProps & { choices: readonly { value: string; label: string }[]; any?: string },
) {
  const { label, value = "", onChange, choices, any = "Any" } = props;
  return (
    <NativeSelect
      label={label}
      size="xs"
      value={value}
      data={[{ value: "", label: any }, ...choices]}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
    />
  );
}
