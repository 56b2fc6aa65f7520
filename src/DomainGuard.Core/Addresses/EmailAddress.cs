using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Addresses;

/// <summary>An e-mail address (RFC 5321 4.1.2, RFC 6531), taken apart as far as its domain needs it. Local parts are never folded.</summary>
public sealed record EmailAddress
{
    private const int MaxLocalOctets = 64;
    private const int MaxOctets = 254;

    private static readonly HashSet<string> SpecialNames =
        new(["test", "example", "invalid", "localhost", "local", "internal", "onion", "arpa", "alt"], StringComparer.Ordinal);

    private EmailAddress()
    {
    }

    /// <summary>Before the last "@", as given (quotes kept).</summary>
    public required string LocalPart { get; init; }

    /// <summary>After it: A-labels in lower case, or a literal in brackets.</summary>
    public required string MailHost { get; init; }

    /// <summary>The registrable domain by the ICANN section; the mail host itself where there is none.</summary>
    public required string Domain { get; init; }

    /// <summary>The domain can be looked up.</summary>
    public bool IsRegistrable => NotApplicableReason is null;

    /// <summary>Why the domain cannot be looked up, in words; null when it can.</summary>
    public string? NotApplicableReason { get; init; }

    /// <summary>The mail host lies under a PRIVATE suffix (github.io): a tenant of a platform.</summary>
    public bool IsTenant { get; init; }

    /// <summary>Normal form: local part as given, "@", mail host.</summary>
    public string Text => $"{LocalPart}@{MailHost}";

    /// <summary>Normal form in lower case, for searching.</summary>
    public string SearchText => Text.ToLowerInvariant();

    /// <summary>Takes an address apart. Never throws.</summary>
    /// <param name="text">What was given; white space around it is taken off.</param>
    /// <param name="suffixes">The Public Suffix List.</param>
    /// <param name="address">The address; null when it is none.</param>
    /// <param name="error">What is wrong and how to mend it; "" when nothing is. Never repeats the input.</param>
    public static bool TryParse(string? text, PublicSuffixList suffixes, [NotNullWhen(true)] out EmailAddress? address, out string error)
    {
        address = null;
        var value = (text ?? "").Trim();
        var at = value.LastIndexOf('@');
        if (value.Length == 0 || at < 0)
        {
            error = value.Length == 0 ? "the address is empty" : "the address has no @";
            return false;
        }

        if (value.Length > 4 * MaxOctets)
        {
            error = "the address is longer than 254 octets";
            return false;
        }

        if (value[^1] == '>')
        {
            error = "the address stands in <>; give the address alone, without a name";
            return false;
        }

        var local = value[..at];
        if (CheckLocalPart(local) is { } problem)
        {
            error = problem;
            return false;
        }

        var host = value[(at + 1)..];
        return host.StartsWith('[')
            ? TryLiteral(local, host, out address, out error)
            : TryHost(local, host, suffixes, out address, out error);
    }

    /// <inheritdoc />
    public override string ToString() => $"(address at {MailHost})";

    private static bool TryHost(string local, string host, PublicSuffixList suffixes, out EmailAddress? address, out string error)
    {
        address = null;
        var underscore = host.Contains('_', StringComparison.Ordinal);
        if (!DomainName.TryNormalise(underscore ? host.Replace('_', 'x') : host, out var ascii, out error))
        {
            return false;
        }

        if (underscore)
        {
            // Names with an underscore exist in DNS and can be registered nowhere.
            ascii = host.Trim().TrimEnd('.').ToLowerInvariant();
            address = NotApplicable(local, ascii, "a name with an underscore cannot be registered");
        }
        else if (!ascii.Contains('.', StringComparison.Ordinal))
        {
            address = NotApplicable(local, ascii, SpecialNames.Contains(ascii) ? "special name" : "a domain without a dot cannot be looked up");
        }
        else if (SpecialNames.Contains(DomainName.Tld(ascii)))
        {
            address = NotApplicable(local, ascii, "special name");
        }
        else
        {
            var match = suffixes.Match(ascii);
            address = match.Registrable is null
                ? NotApplicable(local, ascii, "a public suffix has no holder")
                : new EmailAddress { LocalPart = local, MailHost = ascii, Domain = match.Registrable, IsTenant = match.PrivateSuffix is not null };
        }

        return FitsInPath(ref address, out error);
    }

    private static bool TryLiteral(string local, string host, out EmailAddress? address, out string error)
    {
        address = null;
        var inner = host.EndsWith(']') ? host[1..^1] : "";
        var isV6 = inner.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase);
        var valid = isV6
            ? IPAddress.TryParse(inner.AsSpan(5), out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 && !inner.Contains('%', StringComparison.Ordinal)
            : inner.Count(c => c == '.') == 3 && inner.All(c => char.IsAsciiDigit(c) || c == '.') && IPAddress.TryParse(inner, out _);
        if (!valid)
        {
            error = "the address literal is neither [192.0.2.1] nor [IPv6:2001:db8::1]";
            return false;
        }

        address = NotApplicable(local, host.ToLowerInvariant(), "an address literal has no domain");
        return FitsInPath(ref address, out error);
    }

    private static EmailAddress NotApplicable(string local, string host, string reason) =>
        new() { LocalPart = local, MailHost = host, Domain = host, NotApplicableReason = reason };

    private static bool FitsInPath(ref EmailAddress? address, out string error)
    {
        error = "";
        if (address is null || Encoding.UTF8.GetByteCount(address.LocalPart) + 1 + address.MailHost.Length <= MaxOctets)
        {
            return true;
        }

        // RFC 5321 4.5.3.1.3: a path has 256 octets, two of which are its brackets.
        address = null;
        error = "the address is longer than 254 octets";
        return false;
    }

    /// <summary>RFC 5321 4.1.2 Local-part with RFC 6531 additions; null when all is well.</summary>
    private static string? CheckLocalPart(string local)
    {
        if (local.Length == 0)
        {
            return "nothing stands before the @";
        }

        if (Encoding.UTF8.GetByteCount(local) > MaxLocalOctets)
        {
            return "the part before the @ is longer than 64 octets";
        }

        foreach (var rune in local.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || Rune.IsControl(rune))
            {
                return "the part before the @ has a control character or broken text; save the file as UTF-8";
            }
        }

        return local[0] == '"' ? CheckQuoted(local) : CheckDotString(local);
    }

    private static string? CheckQuoted(string local)
    {
        if (local.Length < 2 || local[^1] != '"')
        {
            return "the quoted part before the @ is not closed";
        }

        for (var i = 1; i < local.Length - 1; i++)
        {
            if (local[i] == '"')
            {
                return "the quoted part before the @ has a quote that is not escaped";
            }

            if (local[i] == '\\' && ++i == local.Length - 1)
            {
                return "the quoted part before the @ is not closed";
            }
        }

        return null;
    }

    private static string? CheckDotString(string local)
    {
        if (local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal))
        {
            return "the part before the @ has a dot at its start or end, or two in a row";
        }

        foreach (var rune in local.EnumerateRunes())
        {
            if (rune.IsAscii ? !(char.IsAsciiLetterOrDigit((char)rune.Value) || "!#$%&'*+-/=?^_`{|}~.".Contains((char)rune.Value, StringComparison.Ordinal))
                : Rune.IsWhiteSpace(rune))
            {
                return "the part before the @ has a character that is only allowed inside quotes";
            }
        }

        return null;
    }
}
