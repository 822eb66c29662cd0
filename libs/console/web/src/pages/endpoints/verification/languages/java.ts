import type { Language } from "./language";

export const java: Language = {
  name: "Java",
  code: (prefix, kind) => `import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
${kind === "secret" ? SECRET_IMPORTS : PUBLIC_KEY_IMPORTS}
public final class Webhooks {
    /** Throws unless the webhook is genuine. body is the raw body; names of headers are in lower case. */
    public static void verify(Map<String, String> headers, byte[] body) throws GeneralSecurityException {
        String id = headers.getOrDefault("${prefix}-id", "");
        String timestamp = headers.getOrDefault("${prefix}-timestamp", "0");
        if (Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(timestamp)) > 300) {
            throw new GeneralSecurityException("the webhook is too old");
        }
        var signed = new ByteArrayOutputStream();
        signed.writeBytes((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        signed.writeBytes(body);
        for (String signature : headers.getOrDefault("${prefix}-signature", "").split(" ")) {
            if (signature.startsWith("${kind === "secret" ? "v1" : "v1a"},")
                    && isValid(signed.toByteArray(), Base64.getDecoder().decode(signature.split(",")[1]))) {
                return;
            }
        }
        throw new GeneralSecurityException("no signature is valid");
    }
${kind === "secret" ? SECRET : PUBLIC_KEY}}
`,
};

const SECRET_IMPORTS = `import java.security.MessageDigest;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
`;

const PUBLIC_KEY_IMPORTS = `import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
`;

const SECRET = `
    private static boolean isValid(byte[] signed, byte[] signature) throws GeneralSecurityException {
        String secret = System.getenv("WEBHOOK_SECRET").replaceFirst("^whsec_", "");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret), "HmacSHA256"));
        return MessageDigest.isEqual(mac.doFinal(signed), signature);
    }
`;

const PUBLIC_KEY = `
    private static boolean isValid(byte[] signed, byte[] signature) throws GeneralSecurityException {
        String key = System.getenv("WEBHOOK_PUBLIC_KEY").replaceFirst("^whpk_", "");
        var encoded = new ByteArrayOutputStream();
        encoded.writeBytes(HexFormat.of().parseHex("302a300506032b6570032100"));
        encoded.writeBytes(Base64.getDecoder().decode(key));
        Signature verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(
            KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded.toByteArray())));
        verifier.update(signed);
        return verifier.verify(signature);
    }
`;
