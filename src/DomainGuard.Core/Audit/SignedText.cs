using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace DomainGuard.Core.Audit;

/// <summary>How well a signed text is vouched for.</summary>
public enum SignatureState
{
    /// <summary>The signature holds, by a key that the reader trusts.</summary>
    Good,

    /// <summary>It names a key that the reader does not have.</summary>
    UnknownKey,

    /// <summary>It was made without a key ("alg":"none").</summary>
    NotSigned,

    /// <summary>The signature does not hold, or it is no such text.</summary>
    Bad,
}

/// <summary>A text in the compact form of JSON Web Signatures (RFC 7515): <c>header.payload.signature</c>, each in base64url; signed with ES256, or unsecured (its appendix A.5) where there is no key.</summary>
/// <param name="State">How well it is vouched for.</param>
/// <param name="KeyId">The key that it names; null when none.</param>
/// <param name="Payload">What it says; empty when it cannot be read.</param>
public sealed record SignedText(SignatureState State, string? KeyId, byte[] Payload)
{
    /// <summary>Signs; without a key it is unsecured, and says so.</summary>
    /// <param name="payload">What it says.</param>
    /// <param name="type">Its kind ("typ"): plain ASCII.</param>
    /// <param name="key">A private key, or null.</param>
    public static string Make(ReadOnlySpan<byte> payload, string type, AuditKey? key)
    {
        var header = key is null ? $$"""{"alg":"none","typ":"{{type}}"}""" : $$"""{"alg":"ES256","kid":"{{key.Id}}","typ":"{{type}}"}""";
        var text = Base64Url.EncodeToString(Encoding.ASCII.GetBytes(header)) + "." + Base64Url.EncodeToString(payload);
        return text + "." + (key is null ? "" : Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(text))));
    }

    /// <summary>Reads one and checks its signature. The algorithm is ours to choose, not the text's: anything but ES256 with a key that is known is not <see cref="SignatureState.Good"/>.</summary>
    public static SignedText Read(string token, string type, IEnumerable<AuditKey> keys)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(keys);
        var parts = token.Trim().Split('.');
        if (parts.Length != 3)
        {
            return new SignedText(SignatureState.Bad, null, []);
        }

        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
            var payload = Base64Url.DecodeFromChars(parts[1]);
            var (algorithm, named, kid) = (Member(header, "alg"), Member(header, "typ"), Member(header, "kid"));
            if (named != type)
            {
                return new SignedText(SignatureState.Bad, kid, payload);
            }

            if (algorithm == "none")
            {
                return new SignedText(parts[2].Length == 0 ? SignatureState.NotSigned : SignatureState.Bad, null, payload);
            }

            var key = keys.FirstOrDefault(k => k.Id == kid);
            var state = algorithm != "ES256" ? SignatureState.Bad
                : key is null ? SignatureState.UnknownKey
                : key.Verify(Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]), Base64Url.DecodeFromChars(parts[2])) ? SignatureState.Good
                : SignatureState.Bad;
            return new SignedText(state, kid, payload);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return new SignedText(SignatureState.Bad, null, []);
        }
    }

    private static string? Member(JsonDocument json, string name) =>
        json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
