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
        var entry = new AuditEntry
        {
            Id = Guid.CreateVersion7(at),
            At = at,
            ActorKind = fact.Actor.Kind,
            ActorId = fact.Actor.Id,
            ActorFrom = fact.Actor.From,
            Action = fact.Action,
            AccountId = fact.AccountId,
            AddressId = fact.AddressId,
            DomainName = fact.DomainName,
            CaseId = fact.CaseId,
            ScanId = fact.ScanId,
            PolicyVersion = fact.PolicyVersion,
            Subject = fact.Subject,
            BatchId = fact.BatchId,
            Reason = fact.Reason,
            Comment = fact.Comment,
            CommentHash = fact.Comment is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(fact.Comment)),
            Before = CanonicalJson.Of(changed.Select(c => KeyValuePair.Create(c.Field, c.Before))),
            After = CanonicalJson.Of(changed.Select(c => KeyValuePair.Create(c.Field, c.After))),
            ContentHash = [],
        };
        entry.ContentHash = SHA256.HashData(Encoding.UTF8.GetBytes(Canonical(entry)));
        return entry;
    }

    /// <summary>The canonical form of an entry's content, whose SHA-256 is <see cref="AuditEntry.ContentHash"/>.</summary>
    public static string Canonical(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return CanonicalJson.Of(
        [
            new("id", entry.Id.ToString("D")),
            new("at", entry.At),
            new("actorKind", entry.ActorKind),
            new("actor", entry.ActorId),
            new("from", entry.ActorFrom),
            new("action", entry.Action),
            new("account", entry.AccountId),
            new("address", entry.AddressId),
            new("domain", entry.DomainName),
            new("case", entry.CaseId),
            new("scan", entry.ScanId),
            new("policyVersion", entry.PolicyVersion),
            new("subject", entry.Subject),
            new("batch", entry.BatchId?.ToString("D")),
            new("reason", entry.Reason),
            new("commentHash", entry.CommentHash is null ? null : Convert.ToHexStringLower(entry.CommentHash)),
            new("before", entry.Before),
            new("after", entry.After),
        ])!;
    }
}
