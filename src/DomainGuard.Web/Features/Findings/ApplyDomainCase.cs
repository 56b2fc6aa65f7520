using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Findings;

/// <summary>
/// Lets the addresses of a domain follow the decision on its case as a whole: a thousand per transaction, an audit entry each, and how far it came in the same transaction. A
/// case of an address that a person overrode or dismissed is left alone; the other cases of addresses take the same step where they can.
/// </summary>
internal sealed class ApplyDomainCase(IDbContextFactory<GuardDb> dbs, TurnOfFindings turns, GuardClock clock, TimeProvider time, ILogger<ApplyDomainCase> log)
{
    private const int PageSize = 1_000;

    /// <summary>Applies one; nothing when nothing of it is left to apply. Told to stop it goes on later.</summary>
    public Task ExecuteAsync(long caseId, CancellationToken stop) => turns.WorkAsync(owner => PageAsync(owner, caseId, stop), time, log, stop);

    /// <summary>Goes on with every one that is not done.</summary>
    public async Task TakeUpAsync(CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        foreach (var id in await db.Cases.Where(c => c.AddressId == null && c.AppliedUpTo != null).OrderBy(c => c.Id).Select(c => c.Id).ToListAsync(stop))
        {
            await ExecuteAsync(id, stop);
        }
    }

    private async Task<bool> PageAsync(string owner, long caseId, CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        await turns.HoldAsync(db, owner, stop);
        if (await db.Cases.Include(c => c.Domain).SingleOrDefaultAsync(c => c.Id == caseId && c.AddressId == null && c.AppliedUpTo != null, stop) is not { AppliedUpTo: { } after } whole)
        {
            return false;
        }

        var decision = await db.Decisions.AsNoTracking().Where(d => d.CaseId == caseId).OrderByDescending(d => d.At).ThenByDescending(d => d.Id).FirstAsync(stop);
        var addresses = await db.Addresses.Where(a => a.DomainId == whole.DomainId && a.RetiredAt == null && a.Id > after).OrderBy(a => a.Id).Take(PageSize).ToListAsync(stop);
        var ids = addresses.ConvertAll(a => a.Id).ToArray();
        var own = await db.Cases.Where(c => c.AddressId != null && EF.Parameter(ids).Contains(c.AddressId.Value)).ToDictionaryAsync(c => c.AddressId!.Value, stop);
        foreach (var address in addresses)
        {
            Apply(db, whole, decision, address, own.GetValueOrDefault(address.Id));
        }

        whole.AppliedUpTo = addresses.Count < PageSize ? null : addresses[^1].Id;
        whole.Version++;
        await TurnOfFindings.SaveAsync(db, stop);
        return whole.AppliedUpTo is not null;
    }

    private void Apply(GuardDb db, Case whole, Decision decision, Address address, Case? own)
    {
        if ((address.State == AddressState.Unverified) == whole.IsUnverified || own is { State: CaseState.Overridden or CaseState.Dismissed })
        {
            return;
        }

        var actor = new AuditActor(decision.ActorKind, decision.ActorId, "case " + whole.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (own is not null)
        {
            var by = new StepBy(actor, clock.Now) { Reason = decision.Reason, Comment = decision.Comment, Until = decision.Until, BulkId = decision.BulkId };
            if (CaseSteps.Take(own, address, whole.Domain!.Name, whole.IsUnverified ? CaseEvent.Unverify : decision.Event, null, by) is { } step)
            {
                WriteFindings.Record(db, address, step);
            }

            return;
        }

        var before = address.State;
        address.State = whole.IsUnverified ? AddressState.Unverified : AddressState.Verified;
        address.Version++;
        AuditTrail.Add(db, new AuditFact(whole.IsUnverified ? AuditAction.AddressUnverified : AuditAction.AddressRestored, actor, clock.Now)
        {
            AccountId = address.AccountId,
            AddressId = address.Id,
            DomainName = whole.Domain!.Name,
            CaseId = whole.Id,
            PolicyVersion = whole.PolicyVersion,
            BatchId = decision.BulkId,
            Reason = decision.Reason?.ToString(),
            Changes = [("address", before, address.State)],
        });
    }
}
