import type { Language } from "./language";

export const go: Language = {
  name: "Go",
  code: (prefix, kind) => `package webhooks

import (
${(kind === "secret" ? SECRET_IMPORTS : PUBLIC_KEY_IMPORTS).map((name) => `\t"${name}"`).join("\n")}
)

// Verify returns an error unless the webhook is genuine. body is the raw body of the request.
func Verify(header http.Header, body []byte) error {
	id, timestamp := header.Get("${prefix}-id"), header.Get("${prefix}-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("the webhook has no time")
	}
	if age := time.Since(time.Unix(seconds, 0)); age.Abs() > 5*time.Minute {
		return errors.New("the webhook is too old")
	}
	signed := append([]byte(id+"."+timestamp+"."), body...)
	for _, signature := range strings.Fields(header.Get("${prefix}-signature")) {
		version, value, _ := strings.Cut(signature, ",")
		decoded, err := base64.StdEncoding.DecodeString(value)
		if err == nil && version == "${kind === "secret" ? "v1" : "v1a"}" && isValid(signed, decoded) {
			return nil
		}
	}
	return errors.New("no signature is valid")
}
${kind === "secret" ? SECRET : PUBLIC_KEY}`,
};

const SECRET_IMPORTS = [
  "crypto/hmac",
  "crypto/sha256",
  "encoding/base64",
  "errors",
  "net/http",
  "os",
  "strconv",
  "strings",
  "time",
];
const PUBLIC_KEY_IMPORTS = [
  "crypto/ed25519",
  "encoding/base64",
  "errors",
  "net/http",
  "os",
  "strconv",
  "strings",
  "time",
];

const SECRET = `
func isValid(signed, signature []byte) bool {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("WEBHOOK_SECRET"), "whsec_"))
	if err != nil || len(secret) == 0 {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(signed)
	return hmac.Equal(mac.Sum(nil), signature)
}
`;

const PUBLIC_KEY = `
func isValid(signed, signature []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("WEBHOOK_PUBLIC_KEY"), "whpk_"))
	return err == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, signed, signature)
}
`;
