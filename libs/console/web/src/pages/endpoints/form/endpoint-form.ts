import type { UseFormReturnType } from "@mantine/form";
import type { FormValues } from "./form-values";

export type EndpointForm = UseFormReturnType<FormValues>;

/** The value of a field, what changes it, and what is wrong with it. */
export function bound<Name extends keyof FormValues>(form: EndpointForm, name: Name) {
  return {
    value: form.values[name],
    onChange: (value: FormValues[Name]) => form.setFieldValue(name as string, value as never),
    error: form.errors[name] as string | undefined,
  };
}
