import type { Language } from "./language";

export const csharp: Language = {
  name: "C#",
  needs: { pair: "dotnet add package BouncyCastle.Cryptography" },
  code: (prefix, kind) => `using System.Security.Cryptography;
using System.Text;
${kind === "secret" ? "" : PUBLIC_KEY_USINGS}
public static class Webhooks
{
    /// <summary>Throws unless the webhook is genuine. body is the raw body of the request.</summary>
    public static void Verify(Func<string, string> header, byte[] body)
    {
        string id = header("${prefix}-id"), timestamp = header("${prefix}-timestamp");
        if (Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(timestamp)) > 300)
            throw new CryptographicException("the webhook is too old");
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        foreach (string signature in header("${prefix}-signature").Split(' '))
        {
            string[] parts = signature.Split(',', 2);
            if (parts[0] == "${kind === "secret" ? "v1" : "v1a"}" && IsValid(signed, Convert.FromBase64String(parts[1])))
                return;
        }
        throw new CryptographicException("no signature is valid");
    }
${kind === "secret" ? SECRET : PUBLIC_KEY}}
`,
};

const PUBLIC_KEY_USINGS = `using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
`;

const SECRET = `
    static bool IsValid(byte[] signed, byte[] signature)
    {
        string secret = Environment.GetEnvironmentVariable("WEBHOOK_SECRET")!.Replace("whsec_", "");
        byte[] expected = HMACSHA256.HashData(Convert.FromBase64String(secret), signed);
        return CryptographicOperations.FixedTimeEquals(expected, signature);
    }
`;

const PUBLIC_KEY = `
    static bool IsValid(byte[] signed, byte[] signature)
    {
        string key = Environment.GetEnvironmentVariable("WEBHOOK_PUBLIC_KEY")!.Replace("whpk_", "");
        var verifier = new Ed25519Signer();
        verifier.Init(false, new Ed25519PublicKeyParameters(Convert.FromBase64String(key)));
        verifier.BlockUpdate(signed, 0, signed.Length);
        return verifier.VerifySignature(signature);
    }
`;
