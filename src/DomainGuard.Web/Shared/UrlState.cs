using DomainGuard.Core.Domains;
using Microsoft.AspNetCore.Components;

namespace DomainGuard.Web.Shared;

/// <summary>The address of a page is its state: reading parameters, and writing changes without losing the others.</summary>
internal static class UrlState
{
    /// <summary>A value of an enumeration by its name, any case; an unknown one is named in <paramref name="unknown"/> and ignored.</summary>
    public static T? Read<T>(string? text, string name, List<string> unknown)
        where T : struct, Enum
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text[0]))
        {
            return value;
        }

        unknown.Add($"{name}={text}");
        return null;
    }

    /// <summary>Several values of an enumeration, separated by commas; unknown ones are named in <paramref name="unknown"/> and ignored. In the order of the enumeration.</summary>
    public static IReadOnlyList<T> ReadMany<T>(string? text, string name, List<string> unknown)
        where T : struct, Enum =>
        [.. (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(t => Read<T>(t, name, unknown)).OfType<T>().Distinct().Order()];

    /// <summary>One of the words that a parameter knows; an unknown one is named in <paramref name="unknown"/> and ignored.</summary>
    public static string? Word(string? text, string name, List<string> unknown, params ReadOnlySpan<string> known)
    {
        if (string.IsNullOrEmpty(text) || known.Contains(text))
        {
            return string.IsNullOrEmpty(text) ? null : text;
        }

        unknown.Add($"{name}={text}");
        return null;
    }

    /// <summary>A TLD as it is kept, without its dot and in A-label form; null when nothing is asked. What is no TLD stays as it is and matches nothing.</summary>
    public static string? Tld(string? text)
    {
        var bare = text?.Trim().TrimStart('.') ?? "";
        return bare.Length == 0 ? null : DomainName.TryNormalise("x." + bare, out var name, out _) ? name[2..] : bare;
    }

    /// <summary>Changes one parameter and goes to the first page. Typing replaces the entry in the history.</summary>
    /// <param name="navigation">Where.</param>
    /// <param name="name">The parameter.</param>
    /// <param name="value">Its value; null or empty for none.</param>
    /// <param name="replace">Replaces the entry in the history.</param>
    /// <param name="keepsNothing">No value is written as an empty one and not left out: it overrides what a saved view says.</param>
    public static void Set(this NavigationManager navigation, string name, string? value, bool replace = false, bool keepsNothing = false) =>
        navigation.NavigateTo(
            navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = !string.IsNullOrEmpty(value) ? value : keepsNothing ? "" : null, ["after"] = null, ["before"] = null }),
            new NavigationOptions { ReplaceHistoryEntry = replace });
}
