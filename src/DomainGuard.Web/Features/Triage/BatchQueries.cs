using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>A batch as lists and its page show it.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="DecidedBy">Who decided or proposed, as shown; null when nobody did.</param>
/// <param name="Items">How many of its addresses stand where.</param>
/// <param name="Domains">Domains that they lie on.</param>
public sealed record BatchView(Batch Batch, string? DecidedBy, IReadOnlyDictionary<BatchItemState, int> Items, int Domains)
{
    public int Waiting => Items.GetValueOrDefault(BatchItemState.Waiting);

    /// <summary>In one sentence: what it would have done, and what held it.</summary>
    public string Sentence => Batch.Guard == Guard.ObserveOnly
        ? $"The installation only observed: {Shared.Words.Count(Batch.Count, "address", "addresses")} would have been un-verified."
        : $"{(Batch.ScanId is { } scan ? $"Scan #{scan.ToString(System.Globalization.CultureInfo.InvariantCulture)}" : "What was found")} would un-verify {Shared.Words.Count(Batch.Count, "address", "addresses")}, the brake is {Shared.Words.Count(Batch.Limit)} in 24 hours{(Batch.Before > 0 ? $" and {Shared.Words.Count(Batch.Before)} were before" : "")}.";
}

/// <summary>Reads batches.</summary>
internal sealed class BatchQueries(IDbContextFactory<GuardDb> dbs, CaseQueries cases)
{
    /// <summary>Those that wait for an administrator, oldest first; at most ten.</summary>
    public async Task<IReadOnlyList<BatchView>> WaitingAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var batches = await db.Batches.AsNoTracking().Where(b => b.State == BatchState.Waiting || b.State == BatchState.Proposed).OrderBy(b => b.Id).Take(10).ToListAsync(cancel);
        var views = new List<BatchView>(batches.Count);
        foreach (var batch in batches)
        {
            views.Add(await ViewAsync(db, batch, cancel));
        }

        return views;
    }

    /// <summary>One batch; null when there is none.</summary>
    public async Task<BatchView?> FindAsync(long id, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Batches.AsNoTracking().FirstOrDefaultAsync(b => b.Id == id && b.State != BatchState.Filling, cancel) is { } batch ? await ViewAsync(db, batch, cancel) : null;
    }

    /// <summary>Where the given cases stand in a batch.</summary>
    public async Task<IReadOnlyDictionary<long, BatchItemState>> ItemsAsync(long batch, IReadOnlyCollection<long> caseIds, CancellationToken cancel)
    {
        var ids = caseIds.ToArray();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.BatchItems.AsNoTracking().Where(i => i.BatchId == batch && EF.Parameter(ids).Contains(i.CaseId)).ToDictionaryAsync(i => i.CaseId, i => i.State, cancel);
    }

    /// <summary>The cases of one domain that wait in a batch.</summary>
    public async Task<IReadOnlyList<long>> WaitingOfAsync(long batch, long domainId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.BatchItems.AsNoTracking().Where(i => i.BatchId == batch && i.State == BatchItemState.Waiting).Join(db.Cases.Where(c => c.DomainId == domainId), i => i.CaseId, c => c.Id, (i, _) => i.CaseId)
            .OrderBy(id => id).ToListAsync(cancel);
    }

    /// <summary>Why the domains read as they do.</summary>
    public async Task<IReadOnlyDictionary<long, IReadOnlyList<Reason>>> ReasonsAsync(IReadOnlyCollection<long> domainIds, CancellationToken cancel)
    {
        var ids = domainIds.ToArray();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return (await db.Domains.AsNoTracking().Where(d => EF.Parameter(ids).Contains(d.Id)).Select(d => new { d.Id, d.Reasons }).ToListAsync(cancel))
            .ToDictionary(d => d.Id, d => ObservationCodec.DecodeReasons(d.Reasons));
    }

    /// <summary>Whether a second person must approve.</summary>
    public async Task<bool> NeedsSecondAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await InstallationSettings.IsOnAsync(db, InstallationSettings.RequireSecondPerson, false, cancel);
    }

    private async Task<BatchView> ViewAsync(GuardDb db, Batch batch, CancellationToken cancel)
    {
        var items = await db.BatchItems.AsNoTracking().Where(i => i.BatchId == batch.Id).GroupBy(i => i.State).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancel);
        var domains = await db.BatchItems.AsNoTracking().Where(i => i.BatchId == batch.Id).Join(db.Cases, i => i.CaseId, c => c.Id, (_, c) => c.DomainId).Distinct().CountAsync(cancel);
        var who = batch.DecidedBy is { } by ? CaseDetails.Who(AuditActorKind.Staff, by.ToString("D"), await cases.StaffAsync(cancel)) : null;
        return new BatchView(batch, who, items, domains);
    }
}
