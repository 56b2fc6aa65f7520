using DomainGuard.Core.Events;

namespace DomainGuard.Data.Webhooks;

/// <summary>
/// A fact that receivers are told and the audit trail does not carry: written in the transaction that makes it true, turned into an event and removed in one other. Everything else
/// that is told is an entry of the trail.
/// </summary>
public sealed class Notice
{
    /// <summary>Key (UUID version 7).</summary>
    public Guid Id { get; set; }

    /// <summary>What is told.</summary>
    public EventType Type { get; set; }

    /// <summary>When it happened (UTC, guard time).</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>The domain; null for what is about none.</summary>
    public long? DomainId { get; set; }

    /// <summary>The address; null for what is about none.</summary>
    public long? AddressId { get; set; }

    /// <summary>What changed, as members of a JSON object; at most 3,000 characters.</summary>
    public required string Facts { get; set; }
}

/// <summary>How far the audit trail was turned into events. One row, moved by a conditional update in the transaction that writes the events, so that each entry becomes one event.</summary>
public sealed class EventHead
{
    /// <summary>Key of the one row.</summary>
    public const int TheOne = 1;

    /// <summary>Always <see cref="TheOne"/>.</summary>
    public int Id { get; set; }

    /// <summary>Number of the last entry that was looked at.</summary>
    public long Sequence { get; set; }
}
