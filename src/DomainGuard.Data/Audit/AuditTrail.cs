using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using DomainGuard.Core.Audit;

namespace DomainGuard.Data.Audit;

/// <summary>What an operation says of its change. The fields are those of <see cref="AuditEntry"/>.</summary>
public sealed record AuditFact(AuditAction Action, AuditActor Actor, DateTimeOffset At)
{
    /// <summary>The account.</summary>
    public long? AccountId { get; init; }

    /// <summary>The address.</summary>
    public long? AddressId { get; init; }

    /// <summary>The domain's name.</summary>
    public string? DomainName { get; init; }

    /// <summary>The case.</summary>
    public long? CaseId { get; init; }

    /// <summary>The scan.</summary>
    public long? ScanId { get; init; }

    /// <summary>The policy's version.</summary>
    public int? PolicyVersion { get; init; }

    /// <summary>Anything else.</summary>
    public string? Subject { get; init; }

    /// <summary>Shared by the entries of one step.</summary>
    public Guid? BatchId { get; init; }

    /// <summary>Reason code.</summary>
    public string? Reason { get; init; }

    /// <summary>Free text.</summary>
    public string? Comment { get; init; }

    /// <summary>Changed fields before and after: name, before, after. Fields that did not change are left out.</summary>
    public IReadOnlyList<(string Field, object? Before, object? After)> Changes { get; init; } = [];
}

/// <summary>Writes entries of the audit trail beside the change that they record.</summary>
public static class AuditTrail
{
    private static readonly SearchValues<char> Unkept = SearchValues.Create(['\0', .. Enumerable.Range(0xD800, 0x800).Select(c => (char)c)]);

    /// <summary>Adds the entry of a change to the context that saves the change, so that both are committed or neither is.</summary>
    public static AuditEntry Add(GuardDb db, AuditFact fact)
    {
        ArgumentNullException.ThrowIfNull(db);
        var entry = Entry(fact);
        db.AuditEntries.Add(entry);
        return entry;
    }

    /// <summary>The entry of a change, for a caller that writes it by prepared statements in the change's own transaction.</summary>
    public static AuditEntry Entry(AuditFact fact)
    {
        ArgumentNullException.ThrowIfNull(fact);
        // Databases keep microseconds: what is hashed must be what is read back.
        var at = new DateTimeOffset(fact.At.UtcTicks / TimeSpan.TicksPerMicrosecond * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);
        var changed = fact.Changes.Where(c => !Equals(c.Before, c.After)).ToList();
        var comment = Clean(fact.Comment);
        var entry = new AuditEntry
        {
            Id = Guid.CreateVersion7(at),
            At = at,
            ActorKind = fact.Actor.Kind,
            ActorId = Clean(fact.Actor.Id)!,
            ActorFrom = Clean(fact.Actor.From),
            Action = fact.Action,
            AccountId = fact.AccountId,
            AddressId = fact.AddressId,
            DomainName = Clean(fact.DomainName),
            CaseId = fact.CaseId,
            ScanId = fact.ScanId,
            PolicyVersion = fact.PolicyVersion,
            Subject = Clean(fact.Subject),
            BatchId = fact.BatchId,
            Reason = Clean(fact.Reason),
            Comment = comment,
            CommentHash = comment is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(comment)),
            Before = CanonicalJson.Of(changed.Select(c => KeyValuePair.Create(c.Field, Clean(c.Before)))),
            After = CanonicalJson.Of(changed.Select(c => KeyValuePair.Create(c.Field, Clean(c.After)))),
            ContentHash = [],
        };
        var form = new CanonicalJsonWriter();
        WriteCanonical(form, entry);
        entry.ContentHash = SHA256.HashData(form.Written);
        return entry;
    }

    /// <summary>The canonical form of an entry's content, whose SHA-256 is <see cref="AuditEntry.ContentHash"/>.</summary>
    public static string Canonical(AuditEntry entry)
    {
        var form = new CanonicalJsonWriter();
        WriteCanonical(form, entry);
        return Encoding.UTF8.GetString(form.Written);
    }

    /// <summary>Writes that form.</summary>
    public static void WriteCanonical(CanonicalJsonWriter form, AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(form);
        ArgumentNullException.ThrowIfNull(entry);
        form.Begin();
        WriteFields(form, entry);
        form.End();
    }

    /// <summary>Writes its fields, for an object that holds it.</summary>
    public static void WriteFields(CanonicalJsonWriter form, AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(form);
        ArgumentNullException.ThrowIfNull(entry);
        form.Number("account", entry.AccountId);
        form.Text("action", Word(entry.Action));
        form.Text("actor", entry.ActorId);
        form.Text("actorKind", Word(entry.ActorKind));
        form.Number("address", entry.AddressId);
        form.Text("after", entry.After);
        form.Instant("at", entry.At);
        form.Key("batch", entry.BatchId);
        form.Text("before", entry.Before);
        form.Number("case", entry.CaseId);
        form.Hex("commentHash", entry.CommentHash);
        form.Text("domain", entry.DomainName);
        form.Text("from", entry.ActorFrom);
        form.Key("id", entry.Id);
        form.Number("policyVersion", entry.PolicyVersion);
        form.Text("reason", entry.Reason);
        form.Number("scan", entry.ScanId);
        form.Text("subject", entry.Subject);
    }

    private static object? Clean(object? value) => value is string text ? Clean(text) : value;

    private static string Word<T>(T value)
        where T : struct, Enum => Enum.GetName(value) ?? value.ToString();

    // PostgreSQL keeps no U+0000, and what is hashed must be what is read back: it and halves of surrogate pairs become U+FFFD, as every database makes of the latter.
    private static string? Clean(string? text)
    {
        if (text is null || !text.AsSpan().ContainsAny(Unkept))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            clean.Append(rune.Value == 0 ? "\uFFFD" : rune.ToString());
        }

        return clean.ToString();
    }
}
