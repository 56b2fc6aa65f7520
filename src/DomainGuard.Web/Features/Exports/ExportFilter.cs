using System.Globalization;
using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Web.Features.Audit;

namespace DomainGuard.Web.Features.Exports;

/// <summary>Which rows of an export, in the form that is kept, shown and put into the manifest: names and values.</summary>
internal static class ExportFilter
{
    /// <summary>As names and values; empty for all.</summary>
    public static IReadOnlyDictionary<string, string> Words(AuditFilter filter)
    {
        Dictionary<string, string> words = [];
        Add("from", filter.From is { } from ? CanonicalJson.Instant(from) : null);
        Add("to", filter.To is { } to ? CanonicalJson.Instant(to) : null);
        Add("actorKind", filter.Kind?.ToString());
        Add("actor", filter.ActorId);
        Add("role", filter.Role);
        Add("action", filter.Action?.ToString());
        Add("domain", filter.Domain);
        Add("account", filter.Account);
        Add("case", filter.Case?.ToString(CultureInfo.InvariantCulture));
        Add("reason", filter.Reason);
        return words;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                words.Add(name, value);
            }
        }
    }

    /// <summary>As it is kept.</summary>
    public static string ToJson(AuditFilter filter) => CanonicalJson.Of(Words(filter).Select(w => KeyValuePair.Create(w.Key, (object?)w.Value))) ?? "{}";

    /// <summary>Reads what <see cref="ToJson"/> made.</summary>
    public static AuditFilter Read(string json)
    {
        var words = JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];
        return new AuditFilter
        {
            From = Instant("from"),
            To = Instant("to"),
            Kind = Word("actorKind") is { } kind ? Enum.Parse<AuditActorKind>(kind) : null,
            ActorId = Word("actor"),
            Role = Word("role"),
            Action = Word("action") is { } action ? Enum.Parse<AuditAction>(action) : null,
            Domain = Word("domain"),
            Account = Word("account"),
            Case = Word("case") is { } number ? long.Parse(number, CultureInfo.InvariantCulture) : null,
            Reason = Word("reason"),
        };

        string? Word(string name) => words.GetValueOrDefault(name);

        DateTimeOffset? Instant(string name) => Word(name) is { } at ? DateTimeOffset.Parse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal) : null;
    }
}
