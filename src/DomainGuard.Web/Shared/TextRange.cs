using System.Text;

namespace DomainGuard.Web.Shared;

/// <summary>A prefix as a range, which an index answers where LIKE does not.</summary>
internal static class TextRange
{
    /// <summary>From (included) to (excluded) of all texts that begin with <paramref name="prefix"/> (not empty), compared byte by byte: its last character is raised by one.</summary>
    public static (string From, string To) OfPrefix(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToList();
        while (runes[^1].Value == 0x10FFFF && runes.Count > 1)
        {
            runes.RemoveAt(runes.Count - 1);
        }

        // The surrogates between are no characters.
        var above = runes[^1].Value == 0xD7FF ? 0xE000 : Math.Min(runes[^1].Value + 1, 0x10FFFF);
        return (prefix, string.Concat(runes.SkipLast(1)) + new Rune(above));
    }
}
