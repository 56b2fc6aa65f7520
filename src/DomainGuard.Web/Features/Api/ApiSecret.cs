using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace DomainGuard.Web.Features.Api;

/// <summary>The secret of a key: <c>dgk_</c> and 32 random bytes in base64url, 47 characters. Shown once, kept as its hash.</summary>
internal static class ApiSecret
{
    /// <summary>What each begins with, so that scanners of leaked secrets find them.</summary>
    public const string Prefix = "dgk_";

    private const int Length = 43;
    private const int HintLength = 8;

    /// <summary>Makes one.</summary>
    public static string Make() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether a text may be one at all.</summary>
    public static bool IsOne(string text) => text.Length == Prefix.Length + Length && text.StartsWith(Prefix, StringComparison.Ordinal) && text.AsSpan(Prefix.Length).IndexOfAnyExcept(Alphabet) < 0;

    /// <summary>What is kept: 256 random bits need no salt and no slow hash.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>What a person recognises it by.</summary>
    public static string Hint(string secret) => secret.Substring(Prefix.Length, HintLength);

    private static readonly System.Buffers.SearchValues<char> Alphabet = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
