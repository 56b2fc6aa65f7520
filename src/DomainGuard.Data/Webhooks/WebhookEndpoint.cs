using DomainGuard.Core.Events;

namespace DomainGuard.Data.Webhooks;

/// <summary>How events are sent to a receiver. Stored: never renumber.</summary>
public enum WebhookFormat
{
    /// <summary>Standard Webhooks: JSON, signed by a shared secret.</summary>
    StandardWebhooks = 0,

    /// <summary>Security event tokens (RFC 8417) pushed by RFC 8935, signed by the installation's key.</summary>
    SecurityEventToken = 1,
}

/// <summary>Whether a receiver is sent anything. Stored: never renumber.</summary>
public enum WebhookState
{
    /// <summary>It is.</summary>
    On = 0,

    /// <summary>A person switched it off.</summary>
    Off = 1,

    /// <summary>It answered 410: it wants no more.</summary>
    Gone = 2,

    /// <summary>An event was tried for three days, and nothing else reached it since: switched off by us.</summary>
    Dead = 3,
}

/// <summary>A receiver of events. Its instants are those of the machine's clock: moving a demonstration's clock delivers nothing sooner.</summary>
public sealed class WebhookEndpoint
{
    /// <summary>Key (UUID version 7).</summary>
    public Guid Id { get; set; }

    /// <summary>What it is, at most 100 characters.</summary>
    public required string Name { get; set; }

    /// <summary>Where it is sent, at most 2,000 characters.</summary>
    public required string Url { get; set; }

    /// <summary>In which form.</summary>
    public WebhookFormat Format { get; set; }

    /// <summary>What it wants: bits of <see cref="EventTypes.Bits"/>.</summary>
    public int Types { get; set; }

    /// <summary>Whether it is sent anything.</summary>
    public WebhookState State { get; set; }

    /// <summary>Its secret, protected by the installation's key ring; at most 1,000 characters. Standard Webhooks: what signs. Security event tokens: the bearer token that it asks for; null for none.</summary>
    public string? Secret { get; set; }

    /// <summary>The secret before, protected too: both sign until <see cref="PreviousUntil"/>.</summary>
    public string? PreviousSecret { get; set; }

    /// <summary>Until when (UTC).</summary>
    public DateTimeOffset? PreviousUntil { get; set; }

    /// <summary>"aud" of security event tokens, at most 300 characters; null for webhooks.</summary>
    public string? Audience { get; set; }

    /// <summary>When it was made (UTC).</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Tries that failed since the last one that did not.</summary>
    public int FailuresInRow { get; set; }

    /// <summary>It asked to be left alone until then (UTC); null when it did not.</summary>
    public DateTimeOffset? RestUntil { get; set; }

    /// <summary>When it last took something (UTC).</summary>
    public DateTimeOffset? LastDeliveredAt { get; set; }

    /// <summary>Raised by whoever changes what a person chose; counts of tries leave it alone.</summary>
    public int Version { get; set; }
}

/// <summary>Something that happened, as it is told to every receiver that wants it. Kept 30 days.</summary>
public sealed class WebhookEvent
{
    /// <summary>Key (UUID version 7); "evt_" and its digits are the event's id on the wire, the same at every try.</summary>
    public Guid Id { get; set; }

    /// <summary>What it is.</summary>
    public EventType Type { get; set; }

    /// <summary>When it happened (UTC, guard time).</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>The domain that it is about, for the screen; at most 255 characters.</summary>
    public string? DomainName { get; set; }

    /// <summary>The account that it is about, for the screen.</summary>
    public long? AccountId { get; set; }

    /// <summary>The body: type, timestamp, data; at most 16,000 characters.</summary>
    public required string Body { get; set; }

    /// <summary>When it was written (UTC, the machine's clock).</summary>
    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>Where a delivery stands. Stored: never renumber.</summary>
public enum DeliveryState
{
    /// <summary>To be tried.</summary>
    Waiting = 0,

    /// <summary>The receiver has it.</summary>
    Delivered = 1,

    /// <summary>Given up: a dead letter, which can be replayed.</summary>
    Dead = 2,
}

/// <summary>One event on its way to one receiver.</summary>
public sealed class WebhookDelivery
{
    /// <summary>Key, from <see cref="IdAllocator"/>.</summary>
    public long Id { get; set; }

    /// <summary>The receiver.</summary>
    public Guid EndpointId { get; set; }

    /// <summary>The event.</summary>
    public Guid EventId { get; set; }

    /// <summary>Where it stands.</summary>
    public DeliveryState State { get; set; }

    /// <summary>Tries so far.</summary>
    public int Tries { get; set; }

    /// <summary>When it is tried next (UTC, the machine's clock).</summary>
    public DateTimeOffset NextTryAt { get; set; }

    /// <summary>Who tries it now: a key that no two claims share; null when nobody does.</summary>
    public Guid? Claim { get; set; }

    /// <summary>Until when that claim holds.</summary>
    public DateTimeOffset? ClaimUntil { get; set; }

    /// <summary>When it was last tried (UTC).</summary>
    public DateTimeOffset? TriedAt { get; set; }

    /// <summary>Status of the last answer; null when there was none.</summary>
    public int? Status { get; set; }

    /// <summary>How long the last try took, in milliseconds.</summary>
    public int DurationMs { get; set; }

    /// <summary>Why the last try failed, in words, at most 500 characters; null when it did not.</summary>
    public string? Error { get; set; }

    /// <summary>When it was written (UTC).</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>The receiver.</summary>
    public WebhookEndpoint? Endpoint { get; set; }

    /// <summary>The event.</summary>
    public WebhookEvent? Event { get; set; }
}
