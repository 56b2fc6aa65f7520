using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace DomainGuard.Core.Domains;

/// <summary>Names of domains: one ASCII form (A-labels) to store and compare, one Unicode form to show.</summary>
public static class DomainName
{
    /// <summary>Longest name in A-label form, in characters (RFC 1035 2.3.4, without the root's dot).</summary>
    public const int MaxLength = 253;

    private const int MaxLabel = 63;
    private const string Prefix = "xn--";
    private const string TooLong = "the domain is longer than 253 characters in its ASCII form; look for two values run together";

    /// <summary>The dot and what UTS 46 maps to it.</summary>
    private static readonly char[] FullStops = ['.', '\u3002', '\uFF0E', '\uFF61'];

    /// <summary>
    /// The first fails with transitional mapping (IDNA2003), the others in invariant mode, which has punycode but no mapping tables (and keeps the sharp s).
    /// </summary>
    private static readonly (string Text, string Ascii)[] IcuProbes =
        [("faß.de", "xn--fa-hia.de"), ("BÜCHER.de", "xn--bcher-kva.de"), ("\uFF47\uFF4D\uFF58.de", "gmx.de"), ("bu\u0308cher.de", "xn--bcher-kva.de")];

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true, AllowUnassigned = false };

    /// <summary>
    /// Brings a name to A-labels in lower case, label by label: UTS 46 non-transitional with STD3 rules; labels with code points that IDNA2008 disallows
    /// (RFC 5892: symbols, emoji) are refused. White space around it and one trailing dot are taken off; ideographic full stops are dots. Hyphens in the
    /// third and fourth place of an ASCII label are taken, because such names are registered (r3---sn), but "xn--" must be an A-label.
    /// </summary>
    /// <param name="text">What was given.</param>
    /// <param name="ascii">The name; "" when it is none.</param>
    /// <param name="error">What is wrong, in which label (counted from the left) and how to mend it; "" when nothing is. Never repeats the input.</param>
    public static bool TryNormalise([NotNullWhen(true)] string? text, out string ascii, out string error) =>
        TryNormalise(text, allowUnderscore: false, out ascii, out error);

    /// <summary>The Unicode form for display; labels that have none stay as they are.</summary>
    public static string ToUnicode(string ascii)
    {
        if (!ascii.Contains(Prefix, StringComparison.Ordinal))
        {
            return ascii;
        }

        try
        {
            return string.Join('.', ascii.Split('.').Select(l => l.StartsWith(Prefix, StringComparison.Ordinal) ? Idn.GetUnicode(l) : l));
        }
        catch (ArgumentException)
        {
            return ascii;
        }
    }

    /// <summary>The last label of a normalised name.</summary>
    public static string Tld(string ascii) => ascii[(ascii.LastIndexOf('.') + 1)..];

    /// <summary>
    /// The result of IDN mapping depends on ICU being there. Null when it works; else what is wrong and how to mend it. To be asked once at start.
    /// Without ICU nothing fails: upper case and full width are simply not mapped, and another domain would be watched than the one meant.
    /// </summary>
    public static string? VerifyIcu() =>
        IcuProbes.All(p => TryNormalise(p.Text, out var ascii, out _) && ascii == p.Ascii)
            ? null
            : "International domain names cannot be mapped: ICU is missing or invariant globalization is on. Install libicu and do not set DOTNET_SYSTEM_GLOBALIZATION_INVARIANT.";

    /// <summary>As the public one; names with underscores, which DNS has and no registry sells, can be let through.</summary>
    internal static bool TryNormalise([NotNullWhen(true)] string? text, bool allowUnderscore, out string ascii, out string error)
    {
        ascii = "";
        var name = (text ?? "").AsSpan().Trim();
        if (name.Length > 0 && FullStops.Contains(name[^1]))
        {
            name = name[..^1];
        }

        if (name.IsEmpty)
        {
            error = "the domain is empty; write it as example.org";
            return false;
        }

        if (name.Length > 4 * MaxLength)
        {
            error = TooLong;
            return false;
        }

        if (!System.Text.Ascii.IsValid(name) || name.Contains(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            if (!TryMap(name.ToString(), out var mapped, out error))
            {
                return false;
            }

            name = mapped;
        }

        error = Check(name, allowUnderscore) ?? "";
        if (error.Length > 0)
        {
            return false;
        }

        ascii = name.ToString().ToLowerInvariant();
        return true;
    }

    /// <summary>Maps the labels that need it. One by one, because ICU would refuse "r3---sn" as soon as another label is international.</summary>
    private static bool TryMap(string name, out string mapped, out string error)
    {
        var labels = name.Split(FullStops);
        for (var i = 0; i < labels.Length; i++)
        {
            if (System.Text.Ascii.IsValid(labels[i]) && !labels[i].StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (MapLabel(labels[i], out labels[i]) is { } problem)
            {
                mapped = "";
                error = $"label {i + 1} of the domain {problem}";
                return false;
            }
        }

        mapped = string.Join('.', labels);
        error = "";
        return true;
    }

    private static string? MapLabel(string label, out string mapped)
    {
        const string NotInternational = "is no valid international label (UTS 46); copy the domain as its registrar shows it";
        try
        {
            mapped = Idn.GetAscii(label).ToLowerInvariant();
            var unicode = Idn.GetUnicode(mapped);

            // A true A-label decodes to something else, which maps back to it.
            if (mapped.StartsWith(Prefix, StringComparison.Ordinal) && (unicode == mapped || Idn.GetAscii(unicode) != mapped))
            {
                return NotInternational;
            }

            return unicode.EnumerateRunes().All(IsPermitted)
                ? null
                : "has a character that names may not have (IDNA2008 disallows symbols and emoji); copy the domain as its registrar shows it";
        }
        catch (ArgumentException)
        {
            mapped = "";
            return NotInternational;
        }
    }

    /// <summary>
    /// RFC 5892 section 3 for a code point that UTS 46 has already mapped, so that what is unstable or ignorable is gone. Of the contextual rules ICU checks
    /// those of the joiners; the others and the Bidi rule are the registry's to enforce (RFC 5891 5.4 asks less of a look-up).
    /// </summary>
    private static bool IsPermitted(Rune rune)
    {
        if (rune.IsAscii)
        {
            return true;
        }

        return rune.Value switch
        {
            // 2.6 Exceptions, permitted always or in context; 2.8 JoinControl.
            0x00B7 or 0x0375 or 0x05F3 or 0x05F4 or 0x06FD or 0x06FE or 0x0F0B or 0x3007 or 0x30FB or 0x200C or 0x200D => true,

            // 2.6 Exceptions, disallowed.
            0x0640 or 0x07FA or 0x302E or 0x302F or (>= 0x3031 and <= 0x3035) or 0x303B => false,

            // 2.4 IgnorableBlocks: combining marks for symbols, musical and ancient Greek musical notation.
            (>= 0x20D0 and <= 0x20FF) or (>= 0x1D100 and <= 0x1D24F) => false,

            // 2.9 OldHangulJamo.
            (>= 0x1100 and <= 0x11FF) or (>= 0xA960 and <= 0xA97F) or (>= 0xD7B0 and <= 0xD7FF) => false,

            // 2.1 LetterDigits. Upper case that is still here has no stable lower case (Cherokee).
            _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.OtherLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.DecimalDigitNumber,
        };
    }

    /// <summary>Lengths, letters-digits-hyphen and hyphen places of an ASCII name; null when all is well.</summary>
    private static string? Check(ReadOnlySpan<char> name, bool allowUnderscore)
    {
        if (name.Length > MaxLength)
        {
            return TooLong;
        }

        var number = 0;
        var lastIsNumber = false;
        foreach (var range in name.Split('.'))
        {
            number++;
            var label = name[range];
            if (CheckLabel(label, allowUnderscore) is { } problem)
            {
                return $"label {number} of the domain {problem}";
            }

            lastIsNumber = !label.ContainsAnyExceptInRange('0', '9');
        }

        return lastIsNumber ? "the domain ends in a number, as an IP address does; write an address literal in brackets" : null;
    }

    private static string? CheckLabel(ReadOnlySpan<char> label, bool allowUnderscore)
    {
        if (label.IsEmpty)
        {
            return "is empty; take out the dot too many";
        }

        if (label.Length > MaxLabel)
        {
            return "is longer than 63 characters in its ASCII form; look for a missing dot";
        }

        if (label[0] == '-' || label[^1] == '-')
        {
            return "starts or ends with a hyphen; take it out";
        }

        foreach (var c in label)
        {
            if (c == '_' ? !allowUnderscore : !char.IsAsciiLetterOrDigit(c) && c != '-')
            {
                return c == '_'
                    ? "has an underscore, which no registry sells; name the domain above it"
                    : "has a character other than letters, digits and hyphens; take it out";
            }
        }

        return null;
    }
}
