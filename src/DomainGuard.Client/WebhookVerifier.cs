using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace DomainGuard.Client;

/// <summary>Something that happened, as DomainGuard's webhook tells it.</summary>
/// <param name="Id">Stays the same when it is sent again: what was worked through under this id is not worked through twice.</param>
/// <param name="Type">What happened, such as <c>address.unverified</c>. A newer DomainGuard may send types that are not known yet: pass them over.</param>
/// <param name="Timestamp">When it happened.</param>
/// <param name="Data">What belongs to the type.</param>
public sealed record WebhookEvent(string Id, string Type, DateTimeOffset Timestamp, JsonElement Data);

/// <summary>What a webhook turned out to be.</summary>
public enum WebhookOutcome
{
    /// <summary>It came from who knows the secret, unaltered, just now.</summary>
    Verified,

    /// <summary><c>webhook-id</c>, <c>webhook-timestamp</c> or <c>webhook-signature</c> is missing or comes twice.</summary>
    MissingHeader,

    /// <summary>A header is not what it should be: the id has a dot, the time is not a number.</summary>
    MalformedHeader,

    /// <summary>It was signed too long ago: sent again by somebody who kept it, or this clock is ahead.</summary>
    TooOld,

    /// <summary>It was signed in the future: this clock is behind.</summary>
    TooNew,

    /// <summary>No signature is by one of the secrets: another sender, an altered body, or a secret that was replaced.</summary>
    WrongSignature,

    /// <summary>The body is larger than is read.</summary>
    TooLarge,

    /// <summary>It is signed as it should be, and no event.</summary>
    MalformedBody,
}

/// <summary>The outcome, and the event where it is verified.</summary>
/// <param name="Outcome">What it turned out to be.</param>
/// <param name="Event">The event; null unless verified.</param>
public sealed record WebhookVerification(WebhookOutcome Outcome, WebhookEvent? Event)
{
    /// <summary>The event may be believed.</summary>
    [MemberNotNullWhen(true, nameof(Event))]
    public bool IsVerified => Outcome == WebhookOutcome.Verified;
}

/// <summary>
/// Verifies webhooks by the Standard Webhooks convention: <c>v1</c> is HMAC-SHA256 over <c>id.timestamp.body</c>, at most five minutes old or ahead. One instance serves all threads.
/// </summary>
public sealed class WebhookVerifier
{
    /// <summary>Bytes that a body has at most.</summary>
    public const int MostOfBody = 256 * 1024;

    private const string Prefix = "whsec_";
    private const int ShortestSecret = 24;
    private const int LongestSecret = 64;
    private const long ToleranceSeconds = 5 * 60;
    private readonly IReadOnlyList<byte[]> _keys;
    private readonly TimeProvider _time;

    /// <summary>Takes the secrets.</summary>
    /// <param name="secrets">Each <c>whsec_</c> and 24 to 64 bytes in base64; several while one takes over from another.</param>
    /// <param name="time">The clock; null for the machine's.</param>
    /// <exception cref="ArgumentException">There is none, or one is malformed. It is not repeated in the message.</exception>
    public WebhookVerifier(IEnumerable<string> secrets, TimeProvider? time = null)
        : this(Read(secrets), time ?? TimeProvider.System)
    {
    }

    internal WebhookVerifier(IReadOnlyList<byte[]> keys, TimeProvider time) => (_keys, _time) = (keys, time);

    /// <summary>Verifies the request of a webhook. Its body must not have been read before; it is signed byte for byte.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<WebhookVerification> VerifyAsync(HttpRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var body = new MemoryStream();
        var buffer = new byte[8 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer, cancel)) > 0;)
        {
            if (body.Length + read > MostOfBody)
            {
                return new WebhookVerification(WebhookOutcome.TooLarge, null);
            }

            body.Write(buffer, 0, read);
        }

        return Verify(One("webhook-id"), One("webhook-timestamp"), One("webhook-signature"), body.GetBuffer().AsSpan(0, (int)body.Length));

        string? One(string name) => request.Headers[name] is [{ } value] ? value : null;
    }

    /// <summary>Verifies a webhook.</summary>
    /// <param name="id">Header <c>webhook-id</c>.</param>
    /// <param name="timestamp">Header <c>webhook-timestamp</c>: seconds since 1970.</param>
    /// <param name="signatures">Header <c>webhook-signature</c>: one or more, divided by spaces.</param>
    /// <param name="body">The body, byte for byte.</param>
    public WebhookVerification Verify(string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body)
    {
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(timestamp) || string.IsNullOrEmpty(signatures))
        {
            return new WebhookVerification(WebhookOutcome.MissingHeader, null);
        }

        // A dot in the id could move the borders between what is signed.
        if (id.Contains('.', StringComparison.Ordinal) || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return new WebhookVerification(WebhookOutcome.MalformedHeader, null);
        }

        // The signature first: an outcome about the time is then about a time that the sender meant.
        if (!IsSigned(Encoding.UTF8.GetBytes($"{id}.{timestamp}."), body, signatures))
        {
            return new WebhookVerification(WebhookOutcome.WrongSignature, null);
        }

        var age = _time.GetUtcNow().ToUnixTimeSeconds() - seconds;
        if (age is > ToleranceSeconds or < -ToleranceSeconds)
        {
            return new WebhookVerification(age > 0 ? WebhookOutcome.TooOld : WebhookOutcome.TooNew, null);
        }

        try
        {
            return JsonSerializer.Deserialize(body, ClientJson.Default.WebhookBody) is { } told
                ? new WebhookVerification(WebhookOutcome.Verified, new WebhookEvent(id, told.Type, told.Timestamp, told.Data))
                : new WebhookVerification(WebhookOutcome.MalformedBody, null);
        }
        catch (JsonException)
        {
            return new WebhookVerification(WebhookOutcome.MalformedBody, null);
        }
    }

    internal static IReadOnlyList<byte[]> Read(IEnumerable<string> secrets)
    {
        List<byte[]> keys = [.. secrets.Select(Key)];
        return keys.Count > 0 ? keys : throw new ArgumentException("At least one secret of the webhook is needed.", nameof(secrets));
    }

    private static byte[] Key(string secret)
    {
        Span<byte> bytes = stackalloc byte[LongestSecret];
        return secret?.StartsWith(Prefix, StringComparison.Ordinal) == true && Convert.TryFromBase64String(secret[Prefix.Length..], bytes, out var length) && length >= ShortestSecret
            ? bytes[..length].ToArray()
            : throw new ArgumentException($"A secret of a webhook is {Prefix} and {ShortestSecret} to {LongestSecret} bytes in base64.", nameof(secret));
    }

    private bool IsSigned(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, string signatures)
    {
        Span<byte> right = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var isSigned = false;
        foreach (var key in _keys)
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
            hmac.AppendData(head);
            hmac.AppendData(body);
            hmac.GetHashAndReset(right);
            foreach (var range in signatures.AsSpan().Split(' '))
            {
                var signature = signatures.AsSpan(range);
                isSigned |= signature.StartsWith("v1,", StringComparison.Ordinal) && Convert.TryFromBase64Chars(signature[3..], given, out var length) && CryptographicOperations.FixedTimeEquals(given[..length], right);
            }
        }

        return isSigned;
    }
}
