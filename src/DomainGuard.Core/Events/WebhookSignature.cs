using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DomainGuard.Core.Events;

/// <summary>Signatures of Standard Webhooks, version <c>v1</c>: HMAC-SHA256 over <c>id.timestamp.body</c>.</summary>
public static class WebhookSignature
{
    /// <summary>How a secret begins.</summary>
    public const string Prefix = "whsec_";

    /// <summary>A secret as it is shown: its bytes, 24 to 64 at random, in base64 after the prefix.</summary>
    public static string Secret(ReadOnlySpan<byte> random) => Prefix + Convert.ToBase64String(random);

    /// <summary>The value of <c>webhook-signature</c>: one signature a secret, the newest first, so that a receiver may change over when it suits.</summary>
    /// <param name="secrets">Secrets in force, each as <see cref="Secret"/> makes them.</param>
    /// <param name="id">Value of <c>webhook-id</c>.</param>
    /// <param name="at">Moment of this try: <c>webhook-timestamp</c>, in whole seconds.</param>
    /// <param name="body">What is sent.</param>
    /// <exception cref="FormatException">A secret is none.</exception>
    public static string Of(IEnumerable<string> secrets, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}."));
        var signed = new byte[head.Length + body.Length];
        head.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(head.Length));
        return string.Join(' ', secrets.Select(s => "v1," + Convert.ToBase64String(HMACSHA256.HashData(Key(s), signed))));
    }

    private static byte[] Key(string secret) =>
        secret.StartsWith(Prefix, StringComparison.Ordinal) ? Convert.FromBase64String(secret[Prefix.Length..]) : throw new FormatException($"A secret of a webhook begins with {Prefix}.");
}
