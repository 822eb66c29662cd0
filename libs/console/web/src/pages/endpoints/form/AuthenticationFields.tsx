import { Fieldset, NativeSelect, PasswordInput, Stack, TextInput } from "@mantine/core";
import type { AuthenticationValues } from "./authentication";

type TextField = Exclude<keyof AuthenticationValues, "type" | "stored">;

/** The header Authorization that is sent beside the signature. */
export function AuthenticationFields(props: {
  value: AuthenticationValues;
  onChange: (value: AuthenticationValues) => void;
  error?: string;
}) {
  const { value, onChange, error } = props;
  const field = (name: TextField, label: string) => ({
    label,
    value: value[name],
    autoComplete: "off",
    onChange: (event: { currentTarget: { value: string } }) =>
      onChange({ ...value, [name]: event.currentTarget.value }),
  });
  const secret = (name: TextField, label: string) => ({
    ...field(name, label),
    placeholder: value.stored ? "Stored; give it again to change the authentication" : undefined,
    visibilityToggleButtonProps: { "aria-label": `Show the ${label.toLowerCase()}` },
  });
  return (
    <Fieldset legend="Authentication">
      <Stack gap="sm">
        <NativeSelect
          label="Kind"
          description="Sets the header Authorization. The signature is sent in any case."
          value={value.type}
          error={error}
          data={[
            { value: "none", label: "None" },
            { value: "basic", label: "User name and password (Basic)" },
            { value: "bearer", label: "Token (Bearer)" },
            { value: "oauth2", label: "OAuth 2, client credentials" },
          ]}
          onChange={(event) =>
            onChange({
              ...value,
              type: event.currentTarget.value as AuthenticationValues["type"],
              stored: false,
            })
          }
        />
        {value.type === "basic" && (
          <>
            <TextInput {...field("username", "User name")} />
            <PasswordInput {...secret("password", "Password")} />
          </>
        )}
        {value.type === "bearer" && <PasswordInput {...secret("token", "Token")} />}
        {value.type === "oauth2" && (
          <>
            <TextInput {...field("tokenUrl", "Token URL")} type="url" />
            <TextInput {...field("clientId", "Client id")} />
            <PasswordInput {...secret("clientSecret", "Client secret")} />
            <TextInput {...field("scope", "Scope")} />
            <TextInput {...field("audience", "Audience")} />
            <NativeSelect
              {...field("authStyle", "How the client authenticates")}
              data={[
                { value: "basic", label: "In the header Authorization" },
                { value: "post", label: "In the body" },
              ]}
            />
          </>
        )}
      </Stack>
    </Fieldset>
  );
}
