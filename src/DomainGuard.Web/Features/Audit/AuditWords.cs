using System.Globalization;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Audit;

namespace DomainGuard.Web.Features.Audit;

/// <summary>One changed field of an entry.</summary>
internal sealed record ChangedField(string Name, string? Before, string? After);

/// <summary>The words of the screen for entries of the audit trail.</summary>
internal static class AuditWords
{
    private const int MostDetail = 72;

    /// <summary>"Case overridden", "Sign-in failed".</summary>
    public static string Of(AuditAction action) => action switch
    {
        AuditAction.CaseUnverified => "Case un-verified",
        AuditAction.CaseReopenedByPerson => "Case reopened",
        AuditAction.AddressUnverified => "Address un-verified",
        AuditAction.SignInFailed => "Sign-in failed",
        AuditAction.SignedIn => "Signed in",
        AuditAction.SignedOut => "Signed out",
        AuditAction.ClockAdvanced => "Clock moved",
        _ => Sentence(action.ToString()),
    };

    /// <summary>Who, in words. People come from the page's names; who is no longer there is named by the beginning of his key.</summary>
    public static string Actor(AuditActorKind kind, string id, AuditNames names) => kind switch
    {
        AuditActorKind.Staff => Person(id, names),
        AuditActorKind.Policy => $"Policy v{id}",
        AuditActorKind.Key => $"API key {names.Keys.GetValueOrDefault(id, id)}",
        AuditActorKind.Owner => "Account owner",
        AuditActorKind.Unknown => "unknown",
        _ => $"System, {id}",
    };

    /// <summary>Two or three letters for the badge.</summary>
    public static string Initials(AuditActorKind kind, string id, AuditNames names) => kind switch
    {
        AuditActorKind.Staff => names.Staff.TryGetValue(id, out var name)
            ? string.Concat(name.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(2).Select(w => StringInfo.GetNextTextElement(w))).ToUpperInvariant() : "",
        AuditActorKind.Policy => "v" + id,
        AuditActorKind.Key => "key",
        AuditActorKind.Owner => "own",
        AuditActorKind.Unknown => "",
        _ => "sys",
    };

    /// <summary>Round for a person, square for policy, key and system, dashed for nobody or somebody who is gone.</summary>
    public static string Badge(AuditActorKind kind, string id, AuditNames names) => kind switch
    {
        AuditActorKind.Staff => names.Staff.ContainsKey(id) ? "av" : "av none",
        AuditActorKind.Unknown => "av none",
        _ => "av pol",
    };

    /// <summary>A person by his key.</summary>
    public static string Person(string id, AuditNames names) => names.Staff.TryGetValue(id, out var name) ? name : $"former staff {(id.Length > 8 ? id[..8] : id)}";

    /// <summary>What the entry's subject is, in words: "import 3" as it is, staff by name.</summary>
    public static string? Subject(string? subject, AuditNames names) =>
        subject is null ? null
            : subject.StartsWith("staff ", StringComparison.Ordinal) ? Person(subject[6..], names)
            : subject.StartsWith("key ", StringComparison.Ordinal) ? $"API key {names.Keys.GetValueOrDefault(subject[4..], subject[4..])}"
            : subject.StartsWith("webhook ", StringComparison.Ordinal) ? $"Receiver {names.Receivers.GetValueOrDefault(subject[8..], subject[8..])}"
            : Sentence(subject);

    /// <summary>One line about an entry: its reason, else what it set.</summary>
    public static string Detail(string? reason, string? after)
    {
        if (reason is not null)
        {
            return reason;
        }

        var text = string.Join(", ", Fields(null, after).Where(f => f.After is not ("0" or "false")).Select(f => $"{Sentence(f.Name).ToLowerInvariant()} {f.After}"));
        return text.Length <= MostDetail ? text : text[..(char.IsHighSurrogate(text[MostDetail - 2]) ? MostDetail - 2 : MostDetail - 1)] + "…";
    }

    /// <summary>The fields of before and after side by side; nested ones with a dot.</summary>
    public static IReadOnlyList<ChangedField> Fields(string? before, string? after)
    {
        var (old, now) = (Read(before), Read(after));
        return [.. old.Keys.Union(now.Keys).Order(StringComparer.Ordinal).Select(k => new ChangedField(k, old.GetValueOrDefault(k), now.GetValueOrDefault(k)))];
    }

    /// <summary>A hash in groups: "4be1 09c7 … d2f0".</summary>
    public static string Short(byte[] hash)
    {
        var hex = Convert.ToHexStringLower(hash);
        return hex.Length < 12 ? hex : $"{hex[..4]} {hex[4..8]} … {hex[^4..]}";
    }

    private static Dictionary<string, string> Read(string? json)
    {
        Dictionary<string, string> fields = new(StringComparer.Ordinal);
        if (json is not null)
        {
            try
            {
                using var parsed = JsonDocument.Parse(json);
                Flatten(parsed.RootElement, "", fields);
            }
            catch (JsonException)
            {
                // Altered in the database: shown as it stands there, the chain says the rest.
                fields["?"] = json;
            }
        }

        return fields;
    }

    private static void Flatten(JsonElement element, string name, Dictionary<string, string> fields)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            fields[name.Length == 0 ? "?" : name] = element.ValueKind is JsonValueKind.True or JsonValueKind.False ? element.GetRawText() : element.ToString();
            return;
        }

        foreach (var field in element.EnumerateObject())
        {
            Flatten(field.Value, name.Length == 0 ? field.Name : $"{name}.{field.Name}", fields);
        }
    }

    // "CaseOverridden" and "upTo" as words.
    private static string Sentence(string name)
    {
        var words = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]))
            {
                words.Append(' ').Append(char.ToLowerInvariant(name[i]));
            }
            else
            {
                words.Append(i == 0 ? char.ToUpperInvariant(name[i]) : name[i]);
            }
        }

        return words.ToString();
    }
}
