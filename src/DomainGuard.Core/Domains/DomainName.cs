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

    /// <summary>
    /// Brings a name to A-labels in lower case, by UTS 46 non-transitional with STD3 rules; labels with code points that IDNA2008 disallows (RFC 5892: symbols,
    /// emoji) are refused. White space around it and one trailing dot are taken off; ideographic full stops are dots.
    /// </summary>
    /// <param name="text">What was given.</param>
    /// <param name="ascii">The name; "" when it is none.</param>
    /// <param name="error">What is wrong and how to mend it; "" when nothing is. Never repeats the input.</param>
    public static bool TryNormalise([NotNullWhen(true)] string? text, out string ascii, out string error)
    {
        ascii = "";
        var name = (text ?? "").AsSpan().Trim();
        if (name.Length > 0 && name[^1] is '.' or '\u3002' or '\uFF0E' or '\uFF61')
        {
            name = name[..^1];
        }

        if (name.IsEmpty)
        {
            error = "the domain is empty";
            return false;
        }

        if (name.Length > 4 * MaxLength)
        {
            error = "the domain is longer than 253 characters";
            return false;
        }

        if (!System.Text.Ascii.IsValid(name) || name.Contains("xn--", StringComparison.OrdinalIgnoreCase))
        {
            return TryNormaliseUnicode(name.ToString(), out ascii, out error);
        }

        if (Check(name) is { } problem)
        {
            error = problem;
            return false;
        }

        ascii = name.ToString().ToLowerInvariant();
        error = "";
        return true;
    }

    /// <summary>The Unicode form for display; the name itself where it has none.</summary>
    public static string ToUnicode(string ascii)
    {
        if (!ascii.Contains("xn--", StringComparison.Ordinal))
        {
            return ascii;
        }

        try
        {
            return Idn().GetUnicode(ascii);
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
    /// </summary>
    public static string? VerifyIcu() =>
        TryNormalise("faß.de", out var ascii, out _) && ascii == "xn--fa-hia.de"
            ? null
            : "International domain names cannot be mapped: ICU is missing or invariant globalization is on. Install libicu and do not set DOTNET_SYSTEM_GLOBALIZATION_INVARIANT.";

    private static IdnMapping Idn() => new() { UseStd3AsciiRules = true, AllowUnassigned = false };

    private static bool TryNormaliseUnicode(string name, out string ascii, out string error)
    {
        ascii = "";
        string mapped;
        string unicode;
        try
        {
            mapped = Idn().GetAscii(name).ToLowerInvariant();
            unicode = Idn().GetUnicode(mapped);
        }
        catch (ArgumentException)
        {
            error = "the domain is no valid international name (UTS 46); write it as its registrar shows it";
            return false;
        }

        if (Check(mapped) is { } problem)
        {
            error = problem;
            return false;
        }

        // ICU lets a few broken "xn--" labels through unchanged; a true A-label comes back as something else.
        if (mapped.Split('.').Any(l => l.StartsWith("xn--", StringComparison.Ordinal)) && unicode.Split('.').Any(l => l.StartsWith("xn--", StringComparison.Ordinal)))
        {
            error = "the domain has an \"xn--\" label that is no valid punycode";
            return false;
        }

        if (unicode.EnumerateRunes().Any(r => !IsPermitted(r)))
        {
            error = "the domain has a character that names may not have (IDNA2008: symbols and emoji are not allowed)";
            return false;
        }

        ascii = mapped;
        error = "";
        return true;
    }

    /// <summary>RFC 5892: letters, marks, digits, and its exceptions.</summary>
    private static bool IsPermitted(Rune rune)
    {
        if (rune.IsAscii)
        {
            return true;
        }

        return rune.Value switch
        {
            0x00B7 or 0x0375 or 0x05F3 or 0x05F4 or 0x30FB or 0x200C or 0x200D => true,
            0x0640 or 0x07FA or 0x302E or 0x302F or 0x303B or (>= 0x3031 and <= 0x3035) => false,
            _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.LowercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter
                or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.DecimalDigitNumber,
        };
    }

    /// <summary>Lengths, letters-digits-hyphen and hyphen places of an ASCII name; null when all is well.</summary>
    private static string? Check(ReadOnlySpan<char> name)
    {
        if (name.Length > MaxLength)
        {
            return "the domain is longer than 253 characters";
        }

        var length = 0;
        var lastIsNumber = true;
        for (var i = 0; i <= name.Length; i++)
        {
            if (i == name.Length || name[i] == '.')
            {
                if (length == 0)
                {
                    return "the domain has an empty label (two dots in a row, or one at the start)";
                }

                if (length > MaxLabel)
                {
                    return "the domain has a label longer than 63 characters";
                }

                if (name[i - 1] == '-' || name[i - length] == '-')
                {
                    return "the domain has a label that starts or ends with a hyphen";
                }

                if (i < name.Length)
                {
                    lastIsNumber = true;
                }

                length = 0;
                continue;
            }

            var c = name[i];
            if (c == '_')
            {
                return "the domain has an underscore";
            }

            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
            {
                return "the domain has a character other than letters, digits, hyphens and dots";
            }

            lastIsNumber &= char.IsAsciiDigit(c);
            length++;
        }

        return lastIsNumber ? "the domain ends in a number, as an IP address does; write an address literal in brackets" : null;
    }
}
