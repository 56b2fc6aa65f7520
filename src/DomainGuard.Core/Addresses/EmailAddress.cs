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
    private const string TooLong = "the address is longer than 254 octets, more than mail systems take; look for two values run together";

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

    /// <summary>
    /// Takes an address apart. Never throws. Comments and folding (RFC 5322 3.2.2), which belong into message headers, are refused.
    /// </summary>
    /// <param name="text">What was given, such as <c>"a@b c"@mail.example.org</c>; white space around it is taken off.</param>
    /// <param name="suffixes">The Public Suffix List.</param>
    /// <param name="address">The address; null when it is none.</param>
    /// <param name="error">What is wrong, where and how to mend it; "" when nothing is. Never repeats the input.</param>
    public static bool TryParse(string? text, PublicSuffixList suffixes, [NotNullWhen(true)] out EmailAddress? address, out string error)
    {
        address = null;
        var value = (text ?? "").Trim();
        if (CheckWhole(value) is { } problem)
        {
            error = problem;
            return false;
        }

        var at = value.LastIndexOf('@');
        var local = value[..at];
        var host = value[(at + 1)..];
        error = CheckLocalPart(local) ?? CheckAfterAt(host) ?? "";
        if (error.Length > 0)
        {
            return false;
        }

        return host.StartsWith('[')
            ? TryLiteral(local, host, out address, out error)
            : TryHost(local, host, suffixes, out address, out error);
    }

    /// <inheritdoc />
    public override string ToString() => $"(address at {MailHost})";

    private static bool TryHost(string local, string host, PublicSuffixList suffixes, out EmailAddress? address, out string error)
    {
        address = null;
        if (!DomainName.TryNormalise(host, allowUnderscore: true, out var ascii, out error))
        {
            return false;
        }

        if (ascii.Contains('_', StringComparison.Ordinal))
        {
            address = NotApplicable(local, ascii, "a name with an underscore cannot be registered");
        }
        else if (SpecialNames.Contains(DomainName.Tld(ascii)))
        {
            address = NotApplicable(local, ascii, "a special name that no registry sells (RFC 6761)");
        }
        else if (!ascii.Contains('.', StringComparison.Ordinal))
        {
            address = NotApplicable(local, ascii, "a domain without a dot cannot be looked up");
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

    /// <summary>RFC 5321 4.1.3: <c>[192.0.2.1]</c>, <c>[IPv6:2001:db8::1]</c>; seen in the wild and refused: <c>[010.0.0.1]</c>, <c>[IPv6:[::1]:25]</c>.</summary>
    private static bool TryLiteral(string local, string host, out EmailAddress? address, out string error)
    {
        address = null;
        var inner = host.EndsWith(']') ? host[1..^1] : "";
        var isV6 = inner.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase);
        var digits = isV6 ? inner[5..] : inner;

        // IPAddress also reads ports, zones, octal and shortened numbers.
        if (!IPAddress.TryParse(digits, out var ip)
            || ip.AddressFamily != (isV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork)
            || (isV6 ? digits.AsSpan().ContainsAny('%', '[', '/') : ip.ToString() != digits))
        {
            error = "the address literal after the @ is neither [192.0.2.1] nor [IPv6:2001:db8::1]; write it like one of these";
            return false;
        }

        address = NotApplicable(local, isV6 ? $"[ipv6:{ip}]" : host, "an address literal has no domain");
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
        error = TooLong;
        return false;
    }

    private static string? CheckWhole(string value)
    {
        if (value.Length == 0)
        {
            return "the address is empty; write it as name@domain";
        }

        if (value.Length > 4 * MaxOctets)
        {
            return TooLong;
        }

        if (value.AsSpan().IndexOfAny('\r', '\n') is >= 0 and var lineEnd)
        {
            return $"the address has a line break at character {lineEnd + 1}; write it on one line";
        }

        if (!value.Contains('@', StringComparison.Ordinal))
        {
            return "the address has no @; write it as name@domain";
        }

        if (value[^1] == '>')
        {
            return "the address stands in <>; give the address alone, without a name";
        }

        return value.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase) ? "the address starts with mailto:; leave that out" : null;
    }

    private static string? CheckAfterAt(string host)
    {
        if (host.Length > 0 && char.IsWhiteSpace(host[0]))
        {
            return "a space stands right after the @; take it out";
        }

        return host.Contains('(', StringComparison.Ordinal) ? "a comment in parentheses stands after the @; leave it out" : null;
    }

    /// <summary>RFC 5321 4.1.2 Local-part with RFC 6531 additions; null when all is well.</summary>
    private static string? CheckLocalPart(string local)
    {
        if (local.Length == 0)
        {
            return "nothing stands before the @; write it as name@domain";
        }

        if (Encoding.UTF8.GetByteCount(local) > MaxLocalOctets)
        {
            return "the part before the @ is longer than 64 octets, more than mail systems take; look for two values run together";
        }

        var position = 0;
        foreach (var rune in local.EnumerateRunes())
        {
            position++;
            if (rune == Rune.ReplacementChar || Rune.IsControl(rune))
            {
                return $"character {position} before the @ is a control character or broken text; save the file as UTF-8";
            }
        }

        return local[0] == '"' ? CheckQuoted(local) : CheckDotString(local);
    }

    private static string? CheckQuoted(string local)
    {
        const string NotClosed = "the quoted part before the @ is not closed; end it with a quote right before the @";
        if (local.Length < 2 || local[^1] != '"')
        {
            return NotClosed;
        }

        for (var i = 1; i < local.Length - 1; i++)
        {
            if (local[i] == '"')
            {
                return $"character {i + 1} before the @ is a quote that is not escaped; write a backslash before it";
            }

            if (local[i] == '\\' && ++i == local.Length - 1)
            {
                return NotClosed;
            }
        }

        return null;
    }

    private static string? CheckDotString(string local)
    {
        if (local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal))
        {
            return "the part before the @ has a dot at its start or end, or two in a row; take it out, or put the part in quotes";
        }

        var position = 0;
        foreach (var rune in local.EnumerateRunes())
        {
            position++;
            var allowed = rune.IsAscii
                ? char.IsAsciiLetterOrDigit((char)rune.Value) || "!#$%&'*+-/=?^_`{|}~.".Contains((char)rune.Value, StringComparison.Ordinal)
                : !Rune.IsWhiteSpace(rune);
            if (!allowed)
            {
                return rune.Value switch
                {
                    '(' => $"a comment in parentheses stands before the @ (character {position}); leave it out",
                    '@' or ',' or ';' => $"character {position} starts a second address; give one address only",
                    _ => $"character {position} before the @ is allowed only inside quotes; take it out, or put the part in quotes",
                };
            }
        }

        return null;
    }
}
