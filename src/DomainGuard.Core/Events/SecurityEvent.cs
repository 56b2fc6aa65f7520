using System.Text.Json;
using System.Text.Json.Nodes;
using DomainGuard.Core.Audit;

namespace DomainGuard.Core.Events;

/// <summary>
/// An event as security event token (RFC 8417): the same facts as a webhook has, as a signed JWT that names its subject (RFC 9493). A corroborated change of hands of an address that
/// is un-verified is RISC's <c>identifier-recycled</c>, which says that the address belongs to somebody else now; everything else has types of our own, for RISC knows none that says
/// "may soon be lost".
/// </summary>
public static class SecurityEvent
{
    /// <summary>"typ" of the header (RFC 8417 section 2.3), and media type behind "application/".</summary>
    public const string TokenType = "secevent+jwt";

    /// <summary>RISC's type for an address that has another holder.</summary>
    public const string IdentifierRecycled = "https://schemas.openid.net/secevent/risc/event-type/identifier-recycled";

    /// <summary>Signs one.</summary>
    /// <param name="issuer">Who says it: the console's public address, without a slash at its end.</param>
    /// <param name="audience">Whom it is meant for.</param>
    /// <param name="id">The event's id, the same at every try.</param>
    /// <param name="now">When it is signed (UTC).</param>
    /// <param name="body">The body of the webhook: type, timestamp, data.</param>
    /// <param name="key">A private key.</param>
    /// <exception cref="JsonException">The body is none.</exception>
    public static string Sign(string issuer, string audience, string id, DateTimeOffset now, string body, AuditKey key)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        var said = JsonNode.Parse(body) as JsonObject ?? throw new JsonException("The body of an event is a JSON object.");
        var (type, data) = ((string)said["type"]!, said["data"] as JsonObject ?? []);
        var recycled = IsRecycled(type, data);
        var happened = DateTimeOffset.Parse((string)said["timestamp"]!, System.Globalization.CultureInfo.InvariantCulture);
        var claims = new JsonObject
        {
            ["iss"] = issuer,
            ["jti"] = id,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["aud"] = audience,
            ["toe"] = happened.ToUnixTimeSeconds(),
            ["sub_id"] = Subject(issuer, type, data),
            // identifier-recycled has no attributes of its own; ours tell everything.
            ["events"] = recycled ? new JsonObject { [IdentifierRecycled] = new JsonObject() } : new JsonObject { [$"{issuer}/events/{type}"] = data.DeepClone() },
        };
        return SignedText.Make(JsonSerializer.SerializeToUtf8Bytes(claims), TokenType, key);
    }

    // Only what was acted upon: a receiver takes the type for certain, and the guards that keep an address verified must hold for it too.
    private static bool IsRecycled(string type, JsonObject data) =>
        type is "address.unverified" or "address.hands_changed" && Text(data, "handChange") == "Reregistered" && Text(data, "handConfidence") == "Corroborated" && Text(data, "state") == "Unverified";

    private static JsonObject Subject(string issuer, string type, JsonObject data) =>
        data["address"] is JsonObject address ? new JsonObject { ["format"] = "email", ["email"] = address["email"]!.DeepClone() }
        : type.StartsWith("domain.", StringComparison.Ordinal) ? new JsonObject { ["format"] = "uri", ["uri"] = "dns:" + Text(data, "domain") } // RFC 4501
        : new JsonObject { ["format"] = "uri", ["uri"] = issuer };

    private static string? Text(JsonObject data, string name) => data[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
