namespace DomainGuard.Web.Shared;

/// <summary>What people write to be kept. PostgreSQL and SQL Server refuse a text that is longer than its column, and with it the whole decision; SQLite does not: so it is asked first.</summary>
internal static class KeptText
{
    /// <summary>What is wrong with a comment, in words for the screen; null when nothing is. Markup and marks of direction are text like any other.</summary>
    /// <param name="text">The comment.</param>
    /// <param name="most">Most that is kept, in UTF-16 units.</param>
    public static string? Problem(string? text, int most)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length > most)
        {
            return $"The comment has {text.Length:N0} characters; at most {most:N0} are kept.";
        }

        // PostgreSQL keeps no NUL, and half a surrogate pair has no UTF-8 form.
        for (var i = 0; i < text.Length; i++)
        {
            var isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (text[i] == '\0' || (char.IsSurrogate(text[i]) && !isPair))
            {
                return $"The comment holds something that is no text, at character {i + 1:N0}. Remove it.";
            }

            i += isPair ? 1 : 0;
        }

        return null;
    }

    /// <summary>Whether a name can be kept: it is there, not longer than <paramref name="most"/> UTF-16 units, and text on one line. Markup and marks of direction are text like any other.</summary>
    public static bool IsName(string name, int most) => name.Length > 0 && name.Length <= most && Problem(name, most) is null && !name.Any(char.IsControl);
}
