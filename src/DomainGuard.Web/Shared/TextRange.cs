namespace DomainGuard.Web.Shared;

/// <summary>A prefix as a range, which an index answers where LIKE does not.</summary>
internal static class TextRange
{
    /// <summary>From (included) to (excluded) of all texts that begin with <paramref name="prefix"/>, compared byte by byte.</summary>
    public static (string From, string To) OfPrefix(string prefix) => (prefix, prefix + "\uFFFD");
}
