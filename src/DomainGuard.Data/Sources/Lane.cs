using DomainGuard.Core.Domains;

namespace DomainGuard.Data.Sources;

/// <summary>The rate limit, health and canary of one upstream host, shared by every process of the installation.</summary>
public sealed class Lane
{
    /// <summary>Host, with ":port" when not the default one; "dns" for all DNS servers. At most 255 characters. Key.</summary>
    public required string Host { get; set; }

    /// <summary>The source it belongs to.</summary>
    public SourceKind Source { get; set; }

    /// <summary>The next free slot, in ticks (UTC, real time): reserving moves it on by conditional update.</summary>
    public long NextSlotTicks { get; set; }

    /// <summary>The next slot of the quarter of the rate that is kept for those who wait for the answer, in ticks (UTC, real time).</summary>
    public long NextKeptTicks { get; set; }

    /// <summary>It rests until then (UTC, real time); null when it does not.</summary>
    public DateTimeOffset? RestsUntil { get; set; }

    /// <summary>Why it rests, at most 300 characters.</summary>
    public string? RestReason { get; set; }

    /// <summary>Failures since the last answer.</summary>
    public int FailuresInRow { get; set; }

    /// <summary>Last answer (UTC, guard time).</summary>
    public DateTimeOffset? LastAnsweredAt { get; set; }

    /// <summary>Last failure (UTC, guard time).</summary>
    public DateTimeOffset? LastFailedAt { get; set; }

    /// <summary>Last failure in words, at most 500 characters.</summary>
    public string? LastError { get; set; }

    /// <summary>The domain it answered Active most often, at most 255 characters; null before there is one.</summary>
    public string? Canary { get; set; }

    /// <summary>How often.</summary>
    public int CanaryAnswers { get; set; }

    /// <summary>When the canary was last asked (UTC, guard time).</summary>
    public DateTimeOffset? CanaryCheckedAt { get; set; }

    /// <summary>The canary read as gone: this server lies and its answers are void.</summary>
    public bool CanaryFailed { get; set; }

    /// <summary>Questions ever asked.</summary>
    public long Asked { get; set; }

    /// <summary>Questions ever answered.</summary>
    public long Answered { get; set; }

    /// <summary>Mean duration of the recent answers, in milliseconds.</summary>
    public int RecentMs { get; set; }
}

/// <summary>What of a source's daily budget is spent. Key: source and day.</summary>
public sealed class BudgetDay
{
    /// <summary>The source.</summary>
    public SourceKind Source { get; set; }

    /// <summary>Day of the guard clock (UTC), as days since 0001-01-01 (<see cref="DateOnly.DayNumber"/>).</summary>
    public int Day { get; set; }

    /// <summary>Questions asked that day.</summary>
    public int Used { get; set; }
}

/// <summary>The last good copy of the IANA bootstrap file. One row.</summary>
public sealed class BootstrapCopy
{
    /// <summary>Always 1.</summary>
    public int Id { get; set; }

    /// <summary>The file (RFC 9224), UTF-8.</summary>
    public required byte[] Content { get; set; }

    /// <summary>Its ETag, at most 200 characters.</summary>
    public string? ETag { get; set; }

    /// <summary>When it was last fetched or confirmed (UTC, guard time).</summary>
    public DateTimeOffset CheckedAt { get; set; }
}
