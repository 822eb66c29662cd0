import type { Language } from "./language";

export const ruby: Language = {
  name: "Ruby",
  code: (prefix, kind) => `require "openssl"
${kind === "secret" ? SECRET : PUBLIC_KEY}
# Raises unless the webhook is genuine. body is the raw body of the request.
def verify_webhook(headers, body)
  id, timestamp = headers["${prefix}-id"], headers["${prefix}-timestamp"]
  raise "the webhook is too old" if (Time.now.to_i - Integer(timestamp, 10)).abs > 300

  signed = "#{id}.#{timestamp}.".b + body.b
  valid = headers["${prefix}-signature"].split.any? do |signature|
    version, value = signature.split(",", 2)
    version == "${kind === "secret" ? "v1" : "v1a"}" && valid_signature?(signed, value.unpack1("m"))
  end
  raise "no signature is valid" unless valid
end
`,
};

const SECRET = `
WEBHOOK_SECRET = ENV.fetch("WEBHOOK_SECRET").delete_prefix("whsec_").unpack1("m")

def valid_signature?(signed, signature)
  OpenSSL.secure_compare(OpenSSL::HMAC.digest("SHA256", WEBHOOK_SECRET, signed), signature)
end
`;

const PUBLIC_KEY = `
RAW_KEY = ENV.fetch("WEBHOOK_PUBLIC_KEY").delete_prefix("whpk_").unpack1("m")
WEBHOOK_KEY = OpenSSL::PKey.read(["302a300506032b6570032100"].pack("H*") + RAW_KEY)

def valid_signature?(signed, signature)
  WEBHOOK_KEY.verify(nil, signature, signed)
end
`;
