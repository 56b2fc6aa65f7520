using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DomainGuard.Data.Paging;

namespace DomainGuard.Web.Features.Api;

/// <summary>A page of a list.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Items">Its rows.</param>
/// <param name="Next">Cursor of the page after; null on the last one.</param>
internal sealed record ApiList<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>
/// The query of a list, checked by the <see cref="ApiParameter"/>s of its endpoint: which page, and the filter. A cursor carries a sum over the list, its filter and itself, so that one that was altered, cut
/// or made for another list or filter is told and not taken for the first page.
/// </summary>
internal sealed class ApiQuery
{
    private const int UsualLimit = 50;
    private const int SumBytes = 12;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private readonly Dictionary<string, (string Text, object Value)> _values = new(StringComparer.Ordinal);
    private readonly string _list;

    private ApiQuery(string list) => _list = list;

    /// <summary>Rows of the page.</summary>
    public int Limit { get; private set; } = UsualLimit;

    /// <summary>Which page.</summary>
    public ListPosition Position { get; private set; } = new();

    /// <summary>For minimal API parameters.</summary>
    public static ValueTask<ApiQuery?> BindAsync(HttpContext context)
    {
        var endpoint = (RouteEndpoint)context.GetEndpoint()!;
        return ValueTask.FromResult<ApiQuery?>(Read(endpoint.RoutePattern.RawText!, endpoint.Metadata.GetOrderedMetadata<ApiParameter>(), context.Request.Query));
    }

    /// <summary>Reads a query.</summary>
    /// <exception cref="ApiProblemException">What is wrong with it.</exception>
    internal static ApiQuery Read(string list, IReadOnlyList<ApiParameter> parameters, IQueryCollection given)
    {
        var query = new ApiQuery(list);
        var errors = new ApiErrors();
        foreach (var (name, values) in given)
        {
            var text = values.Count == 1 ? values[0] : null;
            if (parameters.FirstOrDefault(p => p.Name == name) is not { } parameter)
            {
                errors.Add(Shorten(name), $"This list takes no such parameter. It takes {string.Join(", ", parameters.Select(p => p.Name))}.");
            }
            else if (string.IsNullOrEmpty(text))
            {
                errors.Add(name, values.Count > 1 ? "It is given more than once." : "It is empty: leave it out.");
            }
            else if (Value(parameter, text, out var problem) is { } value)
            {
                query._values.Add(name, (text, value));
            }
            else
            {
                errors.Add(name, problem);
            }
        }

        if (!errors.IsEmpty)
        {
            throw new ApiProblemException(errors.ToProblem());
        }

        query.Limit = (int)(query.Number(ApiParameter.Limit) ?? UsualLimit);
        if (query.Text(ApiParameter.Cursor) is { } cursor)
        {
            query.Position = new ListPosition(After: query.Open(cursor) ?? throw new ApiProblemException(ApiProblems.InvalidCursor));
        }

        return query;
    }

    /// <summary>A text; null when it is not asked for.</summary>
    public string? Text(string name) => (string?)Find(name);

    /// <summary>A word.</summary>
    public T? Word<T>(string name)
        where T : struct, Enum => Find(name) is string word ? Enum.Parse<T>(word) : null;

    /// <summary>Several words, in the order of the enumeration; empty when none is asked for.</summary>
    public IReadOnlyList<T> Words<T>(string name)
        where T : struct, Enum => Find(name) is string[] words ? [.. words.Select(Enum.Parse<T>).Order()] : [];

    /// <summary>True or false.</summary>
    public bool? Flag(string name) => (bool?)Find(name);

    /// <summary>A whole number.</summary>
    public long? Number(string name) => (long?)Find(name);

    /// <summary>An instant.</summary>
    public DateTimeOffset? Instant(string name) => (DateTimeOffset?)Find(name);

    /// <summary>A page as it is answered.</summary>
    public ApiList<T> Answer<TRow, T>(KeysetPage<TRow> page, Func<TRow, T> select) => new([.. page.Items.Select(select)], Close(page.Next));

    /// <summary>The cursor of a place in this list with this filter; null for null.</summary>
    public string? Close(string? place) => place is null ? null : Base64Url.EncodeToString([.. Sum(place), .. Encoding.UTF8.GetBytes(place)]);

    private object? Find(string name) => _values.TryGetValue(name, out var value) ? value.Value : null;

    private string? Open(string cursor)
    {
        try
        {
            var bytes = Base64Url.DecodeFromChars(cursor);
            var place = bytes.Length > SumBytes ? Strict.GetString(bytes, SumBytes, bytes.Length - SumBytes) : "";
            return place.Length > 0 && !place.Contains('\0', StringComparison.Ordinal) && Sum(place).AsSpan().SequenceEqual(bytes.AsSpan(0, SumBytes)) ? place : null;
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            return null;
        }
    }

    // Names and values may hold anything but what separates them here: a query has no control characters left that are not its own.
    private byte[] Sum(string place)
    {
        var text = new StringBuilder(_list);
        foreach (var (name, (value, _)) in _values.Where(v => v.Key is not (ApiParameter.Cursor or ApiParameter.Limit)).OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            text.Append('\0').Append(name).Append('=').Append(value.Length).Append(':').Append(value);
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.Append('\0').Append(place).ToString()))[..SumBytes];
    }

    private static object? Value(ApiParameter parameter, string text, out string problem)
    {
        problem = "";
        switch (parameter.Kind)
        {
            case ApiParameterKind.Word:
                problem = $"It is one of {string.Join(", ", parameter.Known!)}.";
                return Known(text);
            case ApiParameterKind.Words:
                problem = $"It is some of {string.Join(", ", parameter.Known!)}, separated by commas.";
                var words = text.Split(',', StringSplitOptions.TrimEntries).Select(Known).Distinct().ToArray();
                return words.Contains(null) ? null : words;
            case ApiParameterKind.Flag:
                problem = "It is true or false.";
                return text is "true" ? true : text is "false" ? false : null;
            case ApiParameterKind.Number:
                problem = parameter.Most == long.MaxValue ? $"It is a whole number from {parameter.Least}." : $"It is a whole number from {parameter.Least} to {parameter.Most}.";
                return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= parameter.Least && number <= parameter.Most ? number : null;
            case ApiParameterKind.Instant:
                problem = "It is an instant in the form of RFC 3339, such as 2026-03-01T00:00:00Z.";
                return ApiJson.TryRead(text, out var instant) ? instant : null;
            default:
                problem = $"It is a text of at most {parameter.Most} characters.";
                return text.Length <= parameter.Most && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
        }

        string? Known(string word) => parameter.Known!.FirstOrDefault(k => string.Equals(k, word, StringComparison.OrdinalIgnoreCase));
    }

    private static string Shorten(string name) => name.Length <= 100 ? name : name[..(char.IsHighSurrogate(name[99]) ? 99 : 100)] + "…";
}

/// <summary>Mapping of lists.</summary>
internal static class ApiListMapping
{
    /// <summary>Maps a list with its filters; its handler takes an <see cref="ApiQuery"/>.</summary>
    public static RouteHandlerBuilder MapList(this IEndpointRouteBuilder routes, string pattern, Delegate handler, params IReadOnlyList<ApiParameter> filters) =>
        routes.MapGet(pattern, handler).WithMetadata([.. ApiParameter.OfEveryList, .. filters]);
}
