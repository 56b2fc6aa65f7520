using System.Globalization;
using System.Security.Cryptography;

namespace DomainGuard.Core.Audit;

/// <summary>
/// How entries hang together: the hash of an entry is SHA-256 over the canonical JSON of its number, the hash of the entry before and the hash of its content (docs/audit.md has an
/// example byte by byte):
/// <code>{"content":"9f86...","previous":"0000...","sequence":1}</code>
/// </summary>
public static class AuditChain
{
    /// <summary>Length of a hash in bytes.</summary>
    public const int HashLength = 32;

    private const int LongestForm = 256;

    /// <summary>What the first entry has for the hash of the entry before: 32 zero bytes.</summary>
    public static ReadOnlySpan<byte> Genesis => new byte[HashLength];

    /// <summary>The canonical form whose SHA-256 is the hash of an entry.</summary>
    public static string Canonical(long sequence, ReadOnlySpan<byte> previous, ReadOnlySpan<byte> content)
    {
        Span<byte> form = stackalloc byte[LongestForm];
        return System.Text.Encoding.ASCII.GetString(form[..Write(form, sequence, previous, content)]);
    }

    /// <summary>The hash of an entry.</summary>
    /// <param name="sequence">Its number, from 1.</param>
    /// <param name="previous">Hash of the entry before; <see cref="Genesis"/> for the first. 32 bytes.</param>
    /// <param name="content">Hash of its content. 32 bytes.</param>
    /// <param name="hash">Takes the hash. 32 bytes.</param>
    public static void Hash(long sequence, ReadOnlySpan<byte> previous, ReadOnlySpan<byte> content, Span<byte> hash)
    {
        Span<byte> form = stackalloc byte[LongestForm];
        SHA256.HashData(form[..Write(form, sequence, previous, content)], hash);
    }

    /// <summary>As <see cref="Hash(long, ReadOnlySpan{byte}, ReadOnlySpan{byte}, Span{byte})"/>, in an array of its own.</summary>
    public static byte[] Hash(long sequence, ReadOnlySpan<byte> previous, ReadOnlySpan<byte> content)
    {
        var hash = new byte[HashLength];
        Hash(sequence, previous, content, hash);
        return hash;
    }

    private static int Write(Span<byte> form, long sequence, ReadOnlySpan<byte> previous, ReadOnlySpan<byte> content)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequence, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(previous.Length, HashLength, nameof(previous));
        ArgumentOutOfRangeException.ThrowIfNotEqual(content.Length, HashLength, nameof(content));
        var length = 0;
        Add(form, ref length, "{\"content\":\""u8);
        AddHex(form, ref length, content);
        Add(form, ref length, "\",\"previous\":\""u8);
        AddHex(form, ref length, previous);
        Add(form, ref length, "\",\"sequence\":"u8);
        sequence.TryFormat(form[length..], out var digits, default, CultureInfo.InvariantCulture);
        length += digits;
        Add(form, ref length, "}"u8);
        return length;
    }

    private static void Add(Span<byte> form, ref int length, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(form[length..]);
        length += bytes.Length;
    }

    private static void AddHex(Span<byte> form, ref int length, ReadOnlySpan<byte> bytes)
    {
        Convert.TryToHexStringLower(bytes, form[length..], out var written);
        length += written;
    }
}
