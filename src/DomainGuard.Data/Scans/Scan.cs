using DomainGuard.Core.Scheduling;

namespace DomainGuard.Data.Scans;

/// <summary>Over which domains a scan runs. Stored: never renumber.</summary>
public enum ScanScope
{
    /// <summary>What is due.</summary>
    Due = 0,

    /// <summary>Every watched domain.</summary>
    All = 1,

    /// <summary>One domain; the scan's target names it.</summary>
    Domain = 2,

    /// <summary>The domains of one account; the target is the platform's id.</summary>
    Account = 3,

    /// <summary>One TLD; the target is its last label.</summary>
    Tld = 4,

    /// <summary>One phase; the target is its name.</summary>
    Phase = 5,

    /// <summary>The daily DNS sweep: asks DNS only and may bring full checks forward.</summary>
    DnsSweep = 6,
}

/// <summary>Where a scan stands. Stored: never renumber.</summary>
public enum ScanStatus
{
    /// <summary>Its list of domains is being made.</summary>
    Preparing = 0,

    /// <summary>Works, or waits for a node to take its lanes.</summary>
    Running = 1,

    /// <summary>Paused by a person.</summary>
    Paused = 2,

    /// <summary>All items are done or given up.</summary>
    Completed = 3,

    /// <summary>Ended by a person before its time; what was found stays.</summary>
    Cancelled = 4,
}

/// <summary>One run over a set of domains, with progress that survives restarts.</summary>
public sealed class Scan
{
    /// <summary>Its number, as shown and as in <c>/scans/{n}</c>.</summary>
    public long Id { get; set; }

    /// <summary>Over what.</summary>
    public ScanScope Scope { get; set; }

    /// <summary>The domain, account, TLD or phase, at most 255 characters; null for the other scopes.</summary>
    public string? Target { get; set; }

    /// <summary>Where it stands.</summary>
    public ScanStatus Status { get; set; }

    /// <summary>Who asked: a user name, "schedule" or "command line". At most 256 characters.</summary>
    public required string RequestedBy { get; set; }

    /// <summary>Guard time when it was asked for (UTC): what was due then is its work.</summary>
    public DateTimeOffset RequestedAt { get; set; }

    /// <summary>Guard time of its first look-up (UTC).</summary>
    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>Guard time of its end (UTC).</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>While preparing: the last domain id put on its list, so that a killed process goes on there.</summary>
    public long PreparedUpTo { get; set; }

    /// <summary>Domains on its list.</summary>
    public int Total { get; set; }

    /// <summary>Looked up (with or without answer).</summary>
    public int Done { get; set; }

    /// <summary>Of these, answered.</summary>
    public int Answered { get; set; }

    /// <summary>Not asked, because the day's budget was spent: they are due again tomorrow.</summary>
    public int GivenUp { get; set; }

    /// <summary>Look-ups whose answers were judged and written, or found void: answers are staged first and settled when the sums are known.</summary>
    public int Settled { get; set; }

    /// <summary>Verdicts that changed.</summary>
    public int Changed { get; set; }

    /// <summary>Version of the policy that was in force when it was asked for: it keeps it to its end.</summary>
    public int PolicyVersion { get; set; }

    /// <summary>Looks and judges, and decides nothing.</summary>
    public bool ObserveOnly { get; set; }

    /// <summary>What kept it from being complete, in words, at most 500 characters; null when there is nothing to say.</summary>
    public string? Note { get; set; }

    /// <summary>The node that prepares its list, at most 100 characters; null when nobody does.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when (UTC, real time).</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>Its verdict; null until it ended.</summary>
    public ScanResult? Result { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}

/// <summary>The part of a scan that goes to one upstream host. Leased to one node at a time.</summary>
public sealed class ScanLane
{
    /// <summary>The scan.</summary>
    public long ScanId { get; set; }

    /// <summary>The host whose lane it is, at most 255 characters ("dns" where no registration source serves the names). Key together with the scan.</summary>
    public required string Host { get; set; }

    /// <summary>The node that works it, at most 100 characters; null when nobody does.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when (UTC, real time).</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>Domains in it.</summary>
    public int Total { get; set; }

    /// <summary>Looked up.</summary>
    public int Done { get; set; }

    /// <summary>Of these, answered.</summary>
    public int Answered { get; set; }

    /// <summary>Not asked, because the day's budget was spent.</summary>
    public int GivenUp { get; set; }

    /// <summary>Looked up since the last portion was settled; their answers are staged.</summary>
    public int PortionDone { get; set; }

    /// <summary>Of these, answered.</summary>
    public int PortionAnswered { get; set; }

    /// <summary>What was decided of the staged answers. While it is not <see cref="PortionVerdict.Open"/> they are being settled and nothing more is looked up.</summary>
    public PortionVerdict Portion { get; set; }

    /// <summary>True once a portion of the lane was void: its failures and negative answers changed no decision.</summary>
    public bool IsVoid { get; set; }

    /// <summary>Its canary read as gone during this scan, which makes it void.</summary>
    public bool CanaryFailed { get; set; }

    /// <summary>What held it up, in words, at most 500 characters; null when nothing did.</summary>
    public string? Note { get; set; }
}

/// <summary>What is to become of the answers that a lane has staged. Stored: never renumber.</summary>
public enum PortionVerdict
{
    /// <summary>Not decided: the lane may still look up.</summary>
    Open = 0,

    /// <summary>They are judged and written.</summary>
    Counts = 1,

    /// <summary>They are void: only the times tried and due are written.</summary>
    Void = 2,
}

/// <summary>One domain on the list of a scan. Work is taken in the order scan, lane host, priority (descending), domain: index it so.</summary>
public sealed class ScanItem
{
    /// <summary>The scan. Key: scan, lane host, domain.</summary>
    public long ScanId { get; set; }

    /// <summary>Lane it belongs to.</summary>
    public required string Host { get; set; }

    /// <summary>The domain.</summary>
    public long DomainId { get; set; }

    /// <summary>Highest goes first.</summary>
    public int Priority { get; set; }

    /// <summary>Where it stands.</summary>
    public ScanItemState State { get; set; }

    /// <summary>
    /// What the sources said, from the look-up until it is settled; null before and after. Answers wait here because whether they count is known only when
    /// the sums of lane and scan are (product section 6).
    /// </summary>
    public byte[]? Staged { get; set; }
}

/// <summary>Where an item stands. Stored: never renumber.</summary>
public enum ScanItemState
{
    /// <summary>Not looked up yet.</summary>
    Waiting = 0,

    /// <summary>Answered.</summary>
    Answered = 1,

    /// <summary>No usable answer, or the lane rested so long that asking was pointless.</summary>
    Unanswered = 2,

    /// <summary>Not asked: the day's budget was spent.</summary>
    GivenUp = 3,
}
