using System.Text.Json;
using DomainGuard.Core.Domains;

namespace DomainGuard.Lookups.DomainResearch;

/// <summary>
/// Reads the status of Fastly Domain Research, <c>{"domain":"example.com","status":"undelegated inactive"}</c>, and of Domainr v2,
/// <c>{"status":[{"domain":"example.com","status":"undelegated inactive"}]}</c>. Seen in the wild: HTTP 200 with <c>{"errors":[{}]}</c>.
/// </summary>
internal static class StatusWords
{
    private static readonly char[] Spaces = [' ', '\t', ',', '\n', '\r'];

    /// <summary>Facts, or why there are none.</summary>
    internal static (ResearchFacts? Facts, FailureKind Failure, string Error) Read(ReadOnlyMemory<byte> body, string askedName)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return Bad("the answer is JSON, but no object");
            }

            if (root.TryGetProperty("errors", out var errors) && errors.ValueKind != JsonValueKind.Null
                && !(errors.ValueKind == JsonValueKind.Array && errors.GetArrayLength() == 0))
            {
                return Bad("the answer holds errors instead of a status");
            }

            if (root.TryGetProperty("status", out var list) && list.ValueKind == JsonValueKind.Array)
            {
                return list.EnumerateArray().FirstOrDefault(e => e.ValueKind == JsonValueKind.Object && IsName(e, askedName)) is { ValueKind: JsonValueKind.Object } entry
                    ? ReadEntry(entry)
                    : (null, FailureKind.WrongName, "the answer does not speak of the name that was asked");
            }

            return IsName(root, askedName) ? ReadEntry(root) : (null, FailureKind.WrongName, "the answer speaks of another name");
        }
        catch (JsonException)
        {
            return Bad("the answer is no whole JSON");
        }
        catch (InvalidOperationException)
        {
            return Bad("the answer holds broken text");
        }
    }

    private static (ResearchFacts?, FailureKind, string) ReadEntry(JsonElement entry)
    {
        if (!entry.TryGetProperty("status", out var status) || status.ValueKind != JsonValueKind.String)
        {
            return Bad("the answer has no status");
        }

        var words = status.GetString()!.ToLowerInvariant().Split(Spaces, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().Take(30).ToArray();
        if (words.Length == 0)
        {
            return Bad("the status is empty");
        }

        var offers = entry.TryGetProperty("offers", out var list) && list.ValueKind == JsonValueKind.Array ? list.GetArrayLength() : 0;
        return (new ResearchFacts(words) { Offers = offers }, FailureKind.None, "");
    }

    private static bool IsName(JsonElement entry, string askedName) =>
        entry.TryGetProperty("domain", out var name) && name.ValueKind == JsonValueKind.String
        && DomainName.TryNormalise(name.GetString(), out var ascii, out _) && ascii == askedName;

    private static (ResearchFacts?, FailureKind, string) Bad(string error) => (null, FailureKind.BadAnswer, error);
}
