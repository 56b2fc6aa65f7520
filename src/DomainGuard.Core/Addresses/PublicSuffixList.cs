using System.Globalization;

namespace DomainGuard.Core.Addresses;

/// <summary>Where a host lies in the Public Suffix List.</summary>
/// <param name="Suffix">Public suffix by the ICANN section; the last label where no rule matches.</param>
/// <param name="Registrable">The suffix with one label more; null when the host is itself a suffix.</param>
/// <param name="PrivateSuffix">Longer suffix by the PRIVATE section; null when none matches.</param>
/// <param name="PrivateRegistrable">That suffix with one label more; null when none matches or the host is itself that suffix.</param>
public readonly record struct SuffixMatch(string Suffix, string? Registrable, string? PrivateSuffix, string? PrivateRegistrable);

/// <summary>
/// The Public Suffix List (publicsuffix.org), ICANN and PRIVATE sections kept apart: registries know only the names of the first. Immutable.
/// </summary>
public sealed class PublicSuffixList
{
    private static readonly Lazy<PublicSuffixList> ShippedList = new(ReadShipped);

    private readonly Dictionary<string, Rules> _rules;
    private readonly Dictionary<string, Rules>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    private PublicSuffixList(Dictionary<string, Rules> rules)
    {
        _rules = rules;
        _bySpan = rules.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>What the rules say of one suffix. A wildcard is kept at the name below its asterisk.</summary>
    [Flags]
    private enum Rules : byte
    {
        None = 0,
        Icann = 1,
        IcannWildcard = 2,
        IcannException = 4,
        Private = 8,
        PrivateWildcard = 16,
        PrivateException = 32,
    }

    /// <summary>The copy that comes with the product.</summary>
    public static PublicSuffixList Shipped => ShippedList.Value;

    /// <summary>Number of names that carry a rule.</summary>
    public int Count => _rules.Count;

    /// <summary>Reads a list in its own format: one rule a line, "//" comments, sections marked by comments. Rules that are no names are left out.</summary>
    public static PublicSuffixList Parse(TextReader reader)
    {
        var rules = new Dictionary<string, Rules>(16_384, StringComparer.Ordinal);
        var isPrivate = false;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("//", StringComparison.Ordinal))
            {
                // "// ===BEGIN PRIVATE DOMAINS===" and its end.
                isPrivate = line.Contains("===BEGIN PRIVATE", StringComparison.Ordinal)
                    || (isPrivate && !line.Contains("===END PRIVATE", StringComparison.Ordinal));
                continue;
            }

            // A rule ends at the first white space.
            var rule = line.AsSpan().Trim();
            if (rule.IndexOfAny(' ', '\t') is > 0 and var end)
            {
                rule = rule[..end];
            }

            if (!rule.IsEmpty)
            {
                Add(rules, rule.ToString(), isPrivate);
            }
        }

        return new PublicSuffixList(rules);
    }

    /// <summary>
    /// The suffixes of a host (publicsuffix.org algorithm): of all rules that match, an exception wins, else the longest; without a rule "*" holds.
    /// </summary>
    /// <param name="host">A-labels, lower case, no dot at either end, not empty.</param>
    public SuffixMatch Match(string host)
    {
        var icannStart = LastLabel(host);
        var icannExcepted = false;
        var privateStart = -1;
        var privateExcepted = false;

        // Walk from the last label to the first; start is where the suffix begins, parent where the suffix of one label less began.
        var start = icannStart;
        while (true)
        {
            if (_bySpan.TryGetValue(host.AsSpan(start), out var rules))
            {
                var longer = start == 0 ? -1 : LabelBefore(host, start);
                if (!icannExcepted)
                {
                    if ((rules & Rules.IcannException) != 0)
                    {
                        icannStart = NextLabel(host, start);
                        icannExcepted = true;
                    }
                    else if ((rules & Rules.IcannWildcard) != 0 && longer >= 0)
                    {
                        icannStart = longer;
                    }
                    else if ((rules & Rules.Icann) != 0 && start < icannStart)
                    {
                        icannStart = start;
                    }
                }

                if (!privateExcepted)
                {
                    if ((rules & Rules.PrivateException) != 0)
                    {
                        privateStart = NextLabel(host, start);
                        privateExcepted = true;
                    }
                    else if ((rules & Rules.PrivateWildcard) != 0 && longer >= 0)
                    {
                        privateStart = longer;
                    }
                    else if ((rules & Rules.Private) != 0 && (privateStart < 0 || start < privateStart))
                    {
                        privateStart = start;
                    }
                }
            }

            if (start == 0)
            {
                break;
            }

            start = LabelBefore(host, start);
        }

        var isPrivate = privateStart >= 0 && privateStart < icannStart;
        return new SuffixMatch(
            From(host, icannStart),
            icannStart == 0 ? null : From(host, LabelBefore(host, icannStart)),
            isPrivate ? From(host, privateStart) : null,
            isPrivate && privateStart > 0 ? From(host, LabelBefore(host, privateStart)) : null);
    }

    private static string From(string host, int start) => start == 0 ? host : host[start..];

    private static int LastLabel(string host) => host.LastIndexOf('.') + 1;

    /// <summary>Where the label before the one at <paramref name="start"/> begins; start is above 0.</summary>
    private static int LabelBefore(string host, int start) => host.AsSpan(0, start - 1).LastIndexOf('.') + 1;

    private static int NextLabel(string host, int start) => host.IndexOf('.', start) + 1;

    private static void Add(Dictionary<string, Rules> rules, string rule, bool isPrivate)
    {
        var kind = isPrivate ? Rules.Private : Rules.Icann;
        if (rule.StartsWith('!'))
        {
            kind = isPrivate ? Rules.PrivateException : Rules.IcannException;
            rule = rule[1..];
        }
        else if (rule.StartsWith("*.", StringComparison.Ordinal))
        {
            kind = isPrivate ? Rules.PrivateWildcard : Rules.IcannWildcard;
            rule = rule[2..];
        }

        if (Ascii(rule) is { } name)
        {
            rules[name] = rules.GetValueOrDefault(name) | kind;
        }
    }

    private static string? Ascii(string rule)
    {
        try
        {
            return System.Text.Ascii.IsValid(rule) ? rule.ToLowerInvariant() : new IdnMapping().GetAscii(rule);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static PublicSuffixList ReadShipped()
    {
        using var stream = typeof(PublicSuffixList).Assembly.GetManifestResourceStream("DomainGuard.Core.Addresses.Data.public_suffix_list.dat")
            ?? throw new InvalidOperationException("The Public Suffix List is missing from the assembly.");
        using var reader = new StreamReader(stream);
        return Parse(reader);
    }
}
