namespace DomainGuard.Web.Features.Api;

/// <summary>What a parameter of the query holds.</summary>
internal enum ApiParameterKind
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>One of some words.</summary>
    Word,

    /// <summary>Several of them, separated by commas.</summary>
    Words,

    /// <summary>true or false.</summary>
    Flag,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>An instant (RFC 3339) with its offset.</summary>
    Instant,
}

/// <summary>
/// A parameter that a list takes: said once, as metadata of its endpoint. <see cref="ApiQuery"/> checks requests by it, the OpenAPI document describes it from it. What is not declared is refused, for
/// a filter that was misspelt would else give everything.
/// </summary>
/// <param name="Name">As the query names it.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Description">What it means.</param>
internal sealed record ApiParameter(string Name, ApiParameterKind Kind, string Description)
{
    /// <summary>How many rows a page has.</summary>
    public const string Limit = "limit";

    /// <summary>Where a page begins.</summary>
    public const string Cursor = "cursor";

    /// <summary>What every list takes besides its filters.</summary>
    public static IReadOnlyList<ApiParameter> OfEveryList { get; } =
    [
        Text(Cursor, "Where the page begins: next of the answer before, with the same filter. Left out, it is the first page.", 2_000),
        Number(Limit, "Rows of a page; 50 when it is left out.", 1, 200),
    ];

    /// <summary>The words that it knows; null where it takes others.</summary>
    public IReadOnlyList<string>? Known { get; private init; }

    /// <summary>Least of a number.</summary>
    public long Least { get; private init; }

    /// <summary>Most of a number; of a text, its longest.</summary>
    public long Most { get; private init; }

    /// <summary>A text.</summary>
    public static ApiParameter Text(string name, string description, int longest) => new(name, ApiParameterKind.Text, description) { Most = longest };

    /// <summary>A word of an enumeration.</summary>
    public static ApiParameter Word<T>(string name, string description, params T[] without)
        where T : struct, Enum => new(name, ApiParameterKind.Word, description) { Known = Names(without) };

    /// <summary>Several words of an enumeration.</summary>
    public static ApiParameter Words<T>(string name, string description, params T[] without)
        where T : struct, Enum => new(name, ApiParameterKind.Words, description) { Known = Names(without) };

    /// <summary>True or false.</summary>
    public static ApiParameter Flag(string name, string description) => new(name, ApiParameterKind.Flag, description);

    /// <summary>A whole number.</summary>
    public static ApiParameter Number(string name, string description, long least, long most) => new(name, ApiParameterKind.Number, description) { Least = least, Most = most };

    /// <summary>An instant.</summary>
    public static ApiParameter Instant(string name, string description) => new(name, ApiParameterKind.Instant, description);

    private static string[] Names<T>(T[] without)
        where T : struct, Enum => [.. Enum.GetValues<T>().Except(without).Select(v => v.ToString())];
}
