using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Web.Features.Domains;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>One line of what happened to a case.</summary>
/// <param name="At">When (UTC).</param>
/// <param name="Kind">Kind of who.</param>
/// <param name="Who">Who, as shown.</param>
/// <param name="Text">What, after who.</param>
/// <param name="Comment">What was said with it.</param>
/// <param name="Reason">Why.</param>
/// <param name="UndoableBy">Who may take it back; null when nobody may.</param>
/// <param name="UndoUntil">Until when (UTC, machine).</param>
/// <param name="BulkId">Names it for the undo.</param>
/// <param name="BulkCount">Cases that were decided together with it.</param>
public sealed record ActivityLine(
    DateTimeOffset At, AuditActorKind Kind, string Who, string Text, string? Comment, ReasonCode? Reason, Guid? UndoableBy = null, DateTimeOffset? UndoUntil = null, Guid? BulkId = null, int BulkCount = 1);

/// <summary>A decision in a list over several cases.</summary>
internal sealed record DecisionLine(long CaseId, CaseState To, ActivityLine Line);

/// <summary>The case of an address, for a page that shows the address.</summary>
public sealed record CaseLink(long Id, CaseState State);

/// <summary>Everything that the panel of a case shows.</summary>
public sealed record CaseView
{
    public required CaseRow Row { get; init; }

    /// <summary>The domain with its evidence.</summary>
    public required DomainView Domain { get; init; }

    /// <summary>Its address; null for a case of a whole domain.</summary>
    public Address? Address { get; init; }

    /// <summary>Why the address reads as changed hands.</summary>
    public IReadOnlyList<Reason> HandReasons { get; init; } = [];

    public Account? Account { get; init; }

    /// <summary>For a case of a whole domain: what is at stake, summed over its accounts.</summary>
    public Stake? Stake { get; init; }

    /// <summary>Newest first.</summary>
    public required IReadOnlyList<ActivityLine> Activity { get; init; }

    /// <summary>Why it was opened again, in words.</summary>
    public string? ReopenReason { get; init; }

    public long? ScanId { get; init; }

    public CaseLook Look => CaseQueries.LookOf(Row, Domain.Domain);
}

/// <summary>A comment on a case.</summary>
internal sealed record CaseRemark(DateTimeOffset At, AuditActorKind Kind, string ActorId, string? Comment);

/// <summary>A case with its history as it was written down.</summary>
/// <param name="Case">The case with its domain.</param>
/// <param name="ReopenReason">Why it was opened again.</param>
/// <param name="Decisions">Newest first.</param>
/// <param name="Remarks">Newest first.</param>
/// <param name="Names">Names of staff and keys.</param>
internal sealed record CaseHistory(CaseGroup Case, string? ReopenReason, IReadOnlyList<Decision> Decisions, IReadOnlyList<CaseRemark> Remarks, IReadOnlyDictionary<Guid, string> Names);

/// <summary>What hangs on the addresses of a domain.</summary>
public sealed record Stake(int Addresses, int WithoutSecondFactor, long Projects, long MonthlyDownloads);

/// <summary>Reads one case.</summary>
internal sealed class CaseDetails(IDbContextFactory<GuardDb> dbs, CaseQueries cases, DomainDetails domains, GuardClock clock, TimeProvider time)
{
    /// <summary>How long a decision can be taken back by whom made it (product section 7).</summary>
    internal static readonly TimeSpan UndoTime = TimeSpan.FromMinutes(10);

    private const int MostLines = 60;
    private const int MostHistory = 200;

    /// <summary>The case; null when there is none.</summary>
    public async Task<CaseView?> FindAsync(long id, CancellationToken cancel)
    {
        if (await cases.FindAsync(id, cancel) is not { } group || await domains.FindAsync(group.Domain.Name, cancel) is not { } domain)
        {
            return null;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var more = await db.Cases.AsNoTracking().Where(c => c.Id == id).Select(c => new { c.Address, c.Account, c.ReopenReason, c.ScanId }).FirstAsync(cancel);
        return new CaseView
        {
            Row = group.Head,
            Domain = domain,
            Address = more.Address,
            HandReasons = ObservationCodec.DecodeReasons(more.Address?.HandReasons),
            Account = more.Account,
            Stake = group.Head.IsDomainWide ? await StakeAsync(db, group.Domain.Id, cancel) : null,
            Activity = await ActivityAsync(db, id, cancel),
            ReopenReason = more.ReopenReason,
            ScanId = more.ScanId,
        };
    }

    /// <summary>What was decided about a case and said of it, as it was written down: the newest first, of each at most 200. Null when there is no such case.</summary>
    public async Task<CaseHistory?> HistoryAsync(long id, CancellationToken cancel)
    {
        if (await cases.FindAsync(id, cancel) is not { } group)
        {
            return null;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        return new CaseHistory(
            group,
            await db.Cases.Where(c => c.Id == id).Select(c => c.ReopenReason).FirstOrDefaultAsync(cancel),
            await db.Decisions.AsNoTracking().Where(d => d.CaseId == id).OrderByDescending(d => d.CaseVersion).ThenByDescending(d => d.Id).Take(MostHistory).ToListAsync(cancel),
            await db.AuditEntries.AsNoTracking().Where(e => e.CaseId == id && e.Action == AuditAction.CommentAdded).OrderByDescending(e => e.At).ThenByDescending(e => e.Id).Take(MostHistory)
                .Select(e => new CaseRemark(e.At, e.ActorKind, e.ActorId, e.Comment)).ToListAsync(cancel),
            await cases.ActorsAsync(cancel));
    }

    private static async Task<Stake?> StakeAsync(GuardDb db, long domainId, CancellationToken cancel) =>
        await db.Addresses.AsNoTracking().Where(a => a.DomainId == domainId && a.RetiredAt == null).GroupBy(a => a.DomainId)
            .Select(g => new Stake(g.Count(), g.Count(a => a.Account!.TwoFactor == false), g.Sum(a => a.Account!.Projects), g.Sum(a => a.Account!.MonthlyDownloads))).FirstOrDefaultAsync(cancel);

    private async Task<IReadOnlyList<ActivityLine>> ActivityAsync(GuardDb db, long id, CancellationToken cancel)
    {
        var staff = await cases.ActorsAsync(cancel);
        var decisions = await db.Decisions.AsNoTracking().Where(d => d.CaseId == id).OrderByDescending(d => d.CaseVersion).ThenByDescending(d => d.Id).Take(MostLines).ToListAsync(cancel);
        var remarks = await db.AuditEntries.AsNoTracking().Where(e => e.CaseId == id && (e.Action == AuditAction.CommentAdded || e.Action == AuditAction.CaseAssigned)).OrderByDescending(e => e.At).ThenByDescending(e => e.Id)
            .Take(MostLines).Select(e => new { e.At, e.ActorKind, e.ActorId, e.Action, e.Comment, e.After }).ToListAsync(cancel);
        // Only the latest can be taken back, and an undo is final.
        var latest = decisions.Count > 0 ? decisions[0] : null;
        var since = time.GetUtcNow() - UndoTime;
        var undoable = latest is { BulkId: { } bulkId, Undoes: null, ActorKind: AuditActorKind.Staff }
            ? await db.Bulks.AsNoTracking().FirstOrDefaultAsync(b => b.Id == bulkId && b.DoneAt > since && b.UndoneAt == null, cancel) : null;
        return [.. decisions.Select(d => new ActivityLine(
                d.At, d.ActorKind, Who(d.ActorKind, d.ActorId, staff), Text(d, clock.Now), d.Comment, d.Reason, d.BulkId == undoable?.Id ? undoable?.StaffId : null, undoable?.DoneAt + UndoTime, d.BulkId, undoable?.Decided ?? 1))
            .Concat(remarks.Select(r => new ActivityLine(
                r.At, r.ActorKind, Who(r.ActorKind, r.ActorId, staff), r.Action == AuditAction.CommentAdded ? "" : Assigned(r.After, r.ActorId, staff), r.Comment, null)))
            .OrderByDescending(l => l.At).Take(MostLines)];
    }

    /// <summary>Who did something, as shown: a name, "Policy v3", "API key web shop", "The owner".</summary>
    internal static string Who(AuditActorKind kind, string id, IReadOnlyDictionary<Guid, string> names) => kind switch
    {
        AuditActorKind.Staff => Guid.TryParse(id, out var person) && names.TryGetValue(person, out var name) ? name : "A member of staff who left",
        AuditActorKind.Policy => $"Policy v{id}",
        AuditActorKind.Key => $"API key {(Guid.TryParse(id, out var key) && names.TryGetValue(key, out var called) ? called : id)}",
        AuditActorKind.Owner => "The owner",
        AuditActorKind.System => id.Length == 0 ? "DomainGuard" : $"DomainGuard, {id}",
        _ => "Nobody known",
    };

    /// <summary>What was done by a decision, after who did it.</summary>
    internal static string Text(Decision d, DateTimeOffset now)
    {
        if (d.Undoes is not null)
        {
            return $"took the decision back; it is {CaseWords.Of(d.To).Text.ToLowerInvariant()} again";
        }

        var until = d.Until is { } end && d.To is CaseState.Overridden or CaseState.Snoozed ? $" until {CaseSentence.Day(d.Until!.Value, now)}" : d.To == CaseState.Snoozed ? " until worse" : "";
        var text = CaseTransitions.IsDecision(d.Event) ? CaseWords.Past(d.Event) + until : d.From is null ? $"opened the case as {CaseWords.Of(d.To).Text.ToLowerInvariant()}" : CaseWords.Past(d.Event);
        // A key decides as a person does, by whoever wrote the program; what it tells of the owner rests on facts.
        var isPerson = d.ActorKind == AuditActorKind.Staff || (d.ActorKind == AuditActorKind.Key && CaseTransitions.IsDecision(d.Event));
        var facts = isPerson ? "" : $": {Words.Of(d.Phase).Text}{(d.HandChange == HandChange.None ? "" : $", {d.HandChange}")}, {d.Confidence switch { Confidence.Corroborated => "corroborated", Confidence.Single => "one source", Confidence.Conflicting => "conflicting", _ => "no evidence" }}";
        var scan = d.ScanId is { } n && !isPerson ? $", scan #{n.ToString(CultureInfo.InvariantCulture)}" : "";
        return text + facts + scan;
    }

    private static string Assigned(string? after, string by, IReadOnlyDictionary<Guid, string> staff)
    {
        var id = after is null ? null : System.Text.Json.Nodes.JsonNode.Parse(after)?["assignee"]?.GetValue<string?>();
        return id is null ? "left the case to nobody"
            : string.Equals(id, by, StringComparison.OrdinalIgnoreCase) ? "took the case"
            : $"gave the case to {(Guid.TryParse(id, out var person) && staff.TryGetValue(person, out var name) ? name : "a member of staff who left")}";
    }
}
