using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Findings;

/// <summary>
/// Carries out what an administrator approved of a batch. Each address is judged again by today's verdict and policy: what no longer holds is not un-verified, and its case
/// follows what is found today. Page by page, each one transaction with what became of its items.
/// </summary>
internal sealed class CarryOutBatch(
    IDbContextFactory<GuardDb> dbs, TurnOfFindings turns, ReadFindings read, WriteFindings write, PolicyStore policies, GuardClock clock, TimeProvider time, ILogger<CarryOutBatch> log)
{
    private const int PageSize = 200;
    private const int RefusedPageSize = 1_000;

    /// <summary>Carries out one batch, behind whoever carries findings out; nothing when it is not approved, or done. Told to stop it goes on later.</summary>
    public Task ExecuteAsync(long batchId, CancellationToken stop) => turns.WorkAsync(owner => PageAsync(owner, batchId, stop), time, log, stop);

    /// <summary>Goes on with every batch that is approved and not done.</summary>
    public async Task TakeUpAsync(CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        foreach (var id in await db.Batches.Where(b => b.State == BatchState.Approved).OrderBy(b => b.Id).Select(b => b.Id).ToListAsync(stop))
        {
            await ExecuteAsync(id, stop);
        }
    }

    // True while there is more.
    private async Task<bool> PageAsync(string owner, long batchId, CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        await turns.HoldAsync(db, owner, stop);
        if (await db.Batches.SingleOrDefaultAsync(b => b.Id == batchId && b.State == BatchState.Approved, stop) is not { } batch)
        {
            return false;
        }

        var items = await db.BatchItems.Where(i => i.BatchId == batchId && i.State == BatchItemState.Approved).OrderBy(i => i.CaseId).Take(PageSize).ToListAsync(stop);
        if (items.Count == 0)
        {
            return await EndAsync(db, batch, stop);
        }

        var ids = items.ConvertAll(i => i.CaseId).ToArray();
        var cases = await db.Cases.Where(c => EF.Parameter(ids).Contains(c.Id)).ToDictionaryAsync(c => c.Id, stop);
        var policy = await policies.CurrentAsync(stop);
        var found = (await read.OfCasesAsync(db, [.. cases.Values], policy, stop)).ToDictionary(f => f.Case!.Id);
        foreach (var item in items)
        {
            item.State = await CarryOutAsync(db, batch, cases[item.CaseId], found.GetValueOrDefault(item.CaseId), policy, stop) ? BatchItemState.CarriedOut : BatchItemState.NoLonger;
        }

        await TurnOfFindings.SaveAsync(db, stop);
        return true;
    }

    private async Task<bool> CarryOutAsync(GuardDb db, Batch batch, Case @case, FindingItem? found, PolicyInForce policy, CancellationToken stop)
    {
        // A person decided meanwhile: that stands.
        if (@case.BatchId != batch.Id || @case.State != CaseState.NeedsReview)
        {
            return false;
        }

        @case.BatchId = null;
        @case.Version++;
        var now = clock.Now;
        var actor = AuditActor.Policy(policy.Version, null);
        if (found is { Unverifies: true, Event: { } what } && Claims.Outcome(found) != ClaimOutcome.Accepted
            && CaseSteps.Take(@case, found.Address, found.Domain.Name, what, found.Finding, new StepBy(actor, now) { BulkId = Batch.KeyOf(batch.Id) }) is { } step)
        {
            WriteFindings.Record(db, found.Address, step, ApplyFindings.Subject(batch.Id));
            return true;
        }

        if (found is not null)
        {
            await write.ExecuteAsync(db, [found], null, actor, now, stop);
        }

        return false;
    }

    // What was not approved stays for a person; then the batch is closed.
    private static async Task<bool> EndAsync(GuardDb db, Batch batch, CancellationToken stop)
    {
        var left = await db.Cases.Where(c => c.BatchId == batch.Id).OrderBy(c => c.Id).Take(RefusedPageSize).ToListAsync(stop);
        var ids = left.ConvertAll(c => c.Id).ToArray();
        foreach (var item in await db.BatchItems.Where(i => i.BatchId == batch.Id && i.State == BatchItemState.Waiting && EF.Parameter(ids).Contains(i.CaseId)).ToListAsync(stop))
        {
            item.State = BatchItemState.Refused;
        }

        foreach (var @case in left)
        {
            @case.BatchId = null;
            @case.Version++;
        }

        if (left.Count < RefusedPageSize)
        {
            batch.State = BatchState.Closed;
            batch.Version++;
        }

        await TurnOfFindings.SaveAsync(db, stop);
        return left.Count == RefusedPageSize;
    }
}
