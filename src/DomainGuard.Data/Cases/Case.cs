using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Data.Cases;

/// <summary>
/// A finding that a person can work on (product section 7): one per address, or one per domain where the domain is notable or large. The same case is reopened,
/// never a second one made.
/// </summary>
public sealed class Case
{
    /// <summary>Its number, as shown.</summary>
    public long Id { get; set; }

    /// <summary>The address; null for a case of the whole domain. At most one case per address.</summary>
    public long? AddressId { get; set; }

    /// <summary>Navigation.</summary>
    public Accounts.Address? Address { get; set; }

    /// <summary>The account of that address; null for a case of the whole domain.</summary>
    public long? AccountId { get; set; }

    /// <summary>Navigation.</summary>
    public Accounts.Account? Account { get; set; }

    /// <summary>The domain. At most one case of the whole domain per domain.</summary>
    public long DomainId { get; set; }

    /// <summary>Navigation.</summary>
    public Domains.Domain? Domain { get; set; }

    /// <summary>Where it stands.</summary>
    public CaseState State { get; set; }

    /// <summary>Whether it waits for somebody: follows from the state and the address (<see cref="CaseTransitions.IsOpen"/>).</summary>
    public bool IsOpen { get; set; }

    /// <summary>The address, or the addresses of the domain, are un-verified by this case. For a case of an address always what its address says.</summary>
    public bool IsUnverified { get; set; }

    /// <summary>The situation that decided it.</summary>
    public Situation Situation { get; set; }

    /// <summary>What the policy wants.</summary>
    public PolicyAction Wanted { get; set; }

    /// <summary>What stopped an automatic un-verification; <see cref="Guard.None"/> when nothing did.</summary>
    public Guard Guard { get; set; }

    /// <summary>Phase at the latest finding.</summary>
    public Phase Phase { get; set; }

    /// <summary>Change of hands at the latest finding.</summary>
    public HandChange HandChange { get; set; }

    /// <summary>Confidence of the claim that decided it.</summary>
    public Confidence Confidence { get; set; }

    /// <summary>How urgent.</summary>
    public Severity Severity { get; set; }

    /// <summary>Points of <see cref="SeverityScale"/>: the order of the queue.</summary>
    public int Points { get; set; }

    /// <summary>Earliest estimated drop (UTC); null when none is known.</summary>
    public DateTimeOffset? DropFrom { get; set; }

    /// <summary>First opened (UTC).</summary>
    public DateTimeOffset OpenedAt { get; set; }

    /// <summary>In this state since (UTC).</summary>
    public DateTimeOffset StateSince { get; set; }

    /// <summary>Why it was reopened, in words, at most 300 characters; null while it was not.</summary>
    public string? ReopenReason { get; set; }

    /// <summary>End of the snooze or the override (UTC); null in every other state.</summary>
    public DateTimeOffset? Until { get; set; }

    /// <summary>Phase that the latest decision, or the recovery, rests on: what "worse" is measured against.</summary>
    public Phase DecidedPhase { get; set; }

    /// <summary>Change of hands that it rests on.</summary>
    public HandChange DecidedHandChange { get; set; }

    /// <summary>What the policy wanted then.</summary>
    public PolicyAction DecidedWanted { get; set; }

    /// <summary>The member of staff who works on it; null when nobody does.</summary>
    public Guid? AssigneeId { get; set; }

    /// <summary>The address was verified anew after a change of hands, with too little proof.</summary>
    public bool IsContested { get; set; }

    /// <summary>When a recovery mail was last refused for it, at most once a day (UTC): somebody is knocking. Null while nobody did.</summary>
    public DateTimeOffset? KnockedAt { get; set; }

    /// <summary>The waiting batch that its address belongs to; null when none.</summary>
    public long? BatchId { get; set; }

    /// <summary>For a case of the whole domain: its decision has been applied to the addresses up to this id; null when nothing is left to apply.</summary>
    public long? AppliedUpTo { get; set; }

    /// <summary>Version of the policy of the latest finding.</summary>
    public int PolicyVersion { get; set; }

    /// <summary>The scan of the latest finding.</summary>
    public long? ScanId { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }

    /// <summary>From this version to <see cref="SameTo"/> nothing happened that would change a person's mind: see <see cref="IsStillAsRead"/>.</summary>
    public int SameFrom { get; set; }

    /// <summary>The last version of that stretch. Any other number than <see cref="Version"/> says that there is none: whoever writes a version without a thought for it is safe.</summary>
    public int SameTo { get; set; }

    /// <summary>
    /// Whether a person who read this version still decides on what is there: it is the version of today, or all versions since were made by findings that are no
    /// worse, or by assignments, while the state stayed.
    /// </summary>
    public bool IsStillAsRead(int version) => version == Version || (SameTo == Version && version >= SameFrom && version < Version);

    /// <summary>Says of the version that is about to be written (<see cref="Version"/> + 1) that it changes nobody's mind.</summary>
    public void NoteSame() => (SameFrom, SameTo) = (SameTo == Version ? SameFrom : Version, Version + 1);

    /// <summary>The facts of the latest finding.</summary>
    public CaseFacts Facts => new(Phase, HandChange, Wanted);

    /// <summary>The facts that the latest decision rests on.</summary>
    public CaseFacts DecidedFacts => new(DecidedPhase, DecidedHandChange, DecidedWanted);
}

/// <summary>What a person or the policy did to a case; never edited.</summary>
public sealed class Decision
{
    /// <summary>Our key (UUID version 7).</summary>
    public Guid Id { get; set; }

    /// <summary>The case.</summary>
    public long CaseId { get; set; }

    /// <summary>When (UTC).</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>Kind of who decided.</summary>
    public AuditActorKind ActorKind { get; set; }

    /// <summary>Who, at most 100 characters.</summary>
    public required string ActorId { get; set; }

    /// <summary>What happened; beside <see cref="Undoes"/>, what was taken back.</summary>
    public CaseEvent Event { get; set; }

    /// <summary>Version of the case that it made: the order of its history, also where a clock was set back.</summary>
    public int CaseVersion { get; set; }

    /// <summary>State before; null when the case was opened by it.</summary>
    public CaseState? From { get; set; }

    /// <summary>State after.</summary>
    public CaseState To { get; set; }

    /// <summary>Why; null for the machine.</summary>
    public ReasonCode? Reason { get; set; }

    /// <summary>Free text, at most 10,000 characters.</summary>
    public string? Comment { get; set; }

    /// <summary>End of the snooze or override that it sets (UTC).</summary>
    public DateTimeOffset? Until { get; set; }

    /// <summary>Situation that it rests on.</summary>
    public Situation Situation { get; set; }

    /// <summary>Phase that it rests on.</summary>
    public Phase Phase { get; set; }

    /// <summary>Change of hands that it rests on.</summary>
    public HandChange HandChange { get; set; }

    /// <summary>Confidence of the claim.</summary>
    public Confidence Confidence { get; set; }

    /// <summary>Version of the policy.</summary>
    public int PolicyVersion { get; set; }

    /// <summary>The scan whose evidence it rests on.</summary>
    public long? ScanId { get; set; }

    /// <summary>The bulk decision or batch that it belongs to.</summary>
    public Guid? BulkId { get; set; }

    /// <summary>What the case was before, as JSON (<c>CaseBefore</c>): what an undo gives back. At most 2,500 characters; null for the machine.</summary>
    public string? Before { get; set; }

    /// <summary>The decision that it takes back.</summary>
    public Guid? Undoes { get; set; }
}

/// <summary>Where a batch stands. Stored: never renumber.</summary>
public enum BatchState
{
    /// <summary>Waits for an administrator.</summary>
    Waiting = 0,

    /// <summary>Approved, and being carried out.</summary>
    Approved = 1,

    /// <summary>Carried out, or refused in full.</summary>
    Closed = 2,

    /// <summary>Proposed by one administrator, waits for another.</summary>
    Proposed = 3,

    /// <summary>Its list is still being written: not to be shown or decided yet.</summary>
    Filling = 4,
}

/// <summary>Un-verifications that wait for an administrator: a portion that met the brake, or what was found while the installation only observed.</summary>
public sealed class Batch
{
    /// <summary>Its number, as shown.</summary>
    public long Id { get; set; }

    /// <summary>What held it: <see cref="Guard.Brake"/> or <see cref="Guard.ObserveOnly"/>.</summary>
    public Guard Guard { get; set; }

    /// <summary>The scan whose portion it was.</summary>
    public long? ScanId { get; set; }

    /// <summary>Version of the policy.</summary>
    public int PolicyVersion { get; set; }

    /// <summary>When it was made (UTC).</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Addresses in it.</summary>
    public int Count { get; set; }

    /// <summary>What the brake allowed in 24 hours.</summary>
    public int Limit { get; set; }

    /// <summary>Automatic un-verifications of the 24 hours before.</summary>
    public int Before { get; set; }

    /// <summary>Where it stands.</summary>
    public BatchState State { get; set; }

    /// <summary>Who decided, or proposed while it is <see cref="BatchState.Proposed"/>.</summary>
    public Guid? DecidedBy { get; set; }

    /// <summary>When (UTC).</summary>
    public DateTimeOffset? DecidedAt { get; set; }

    /// <summary>Why, at most 2,000 characters.</summary>
    public string? Comment { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }

    /// <summary>Its number in the form of <see cref="Decision.BulkId"/>: what was carried out by it is no automatic un-verification, a person approved it.</summary>
    public static Guid KeyOf(long id) => new(new ReadOnlySpan<byte>([0, 0, 0, 0, 0, 0, 0, 0, .. BitConverter.GetBytes(System.Net.IPAddress.HostToNetworkOrder(id))]), bigEndian: true);
}

/// <summary>What becomes of one address of a batch. Stored: never renumber.</summary>
public enum BatchItemState
{
    /// <summary>Not decided.</summary>
    Waiting = 0,

    /// <summary>Approved, not carried out yet.</summary>
    Approved = 1,

    /// <summary>Un-verified.</summary>
    CarriedOut = 2,

    /// <summary>An administrator said no: the case stays for a person.</summary>
    Refused = 3,

    /// <summary>Judged again before it was carried out, and it no longer holds.</summary>
    NoLonger = 4,
}

/// <summary>One address that waits in a batch.</summary>
public sealed class BatchItem
{
    /// <summary>The batch. Key together with the case.</summary>
    public long BatchId { get; set; }

    /// <summary>The case of the address.</summary>
    public long CaseId { get; set; }

    /// <summary>What becomes of it.</summary>
    public BatchItemState State { get; set; }
}

/// <summary>
/// One decision on one case or on many, taken together and undone together. Where it goes by a filter, the list is frozen in <see cref="BulkItem"/> before anything is
/// decided. Its times are those of the machine, not of the guard clock: people undo in real time, whatever a demonstration does to the calendar.
/// </summary>
public sealed class Bulk
{
    /// <summary>Our key (UUID version 7).</summary>
    public Guid Id { get; set; }

    /// <summary>Who: a member of staff; of a decision through the API its key, which takes nothing back.</summary>
    public Guid StaffId { get; set; }

    /// <summary>When the list was frozen (UTC, machine).</summary>
    public DateTimeOffset FrozenAt { get; set; }

    /// <summary>Cases in the list.</summary>
    public int Count { get; set; }

    /// <summary>The decision asked for, as JSON (<c>BulkWish</c>), at most 64,000 characters; null until it is sent, and where no list was frozen.</summary>
    public string? Wish { get; set; }

    /// <summary>When it was carried out (UTC, machine); null until then.</summary>
    public DateTimeOffset? DoneAt { get; set; }

    /// <summary>When it was taken back (UTC, machine); null while it stands.</summary>
    public DateTimeOffset? UndoneAt { get; set; }

    /// <summary>Cases that were decided.</summary>
    public int Decided { get; set; }

    /// <summary>Cases that could not be: somebody else was first, or their state forbids it.</summary>
    public int Skipped { get; set; }
}

/// <summary>One case in a frozen list.</summary>
public sealed class BulkItem
{
    /// <summary>The list. Key together with the case.</summary>
    public Guid BulkId { get; set; }

    /// <summary>The case.</summary>
    public long CaseId { get; set; }

    /// <summary>Its version when the list was frozen.</summary>
    public int CaseVersion { get; set; }
}
