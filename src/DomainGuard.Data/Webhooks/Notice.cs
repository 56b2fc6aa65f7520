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

/// <summary>How far one who follows the audit trail has read it. Moved by a conditional update in the transaction that writes what he made of it, so that each entry becomes one thing.</summary>
public sealed class EventHead
{
    /// <summary>Key of the row of events for receivers.</summary>
    public const int Webhooks = 1;

    /// <summary>Key of the row of news for staff.</summary>
    public const int Mail = 2;

    /// <summary>Who follows.</summary>
    public int Id { get; set; }

    /// <summary>Number of the last entry that was looked at.</summary>
    public long Sequence { get; set; }
}
