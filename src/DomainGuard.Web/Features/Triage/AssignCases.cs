using System.Data.Common;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>What became of an assignment.</summary>
internal abstract record AssignOutcome
{
    /// <summary>Done.</summary>
    /// <param name="Count">Cases that belonged to somebody else, or nobody, before.</param>
    internal sealed record Done(int Count) : AssignOutcome;

    /// <summary>Nothing was done: these were changed since they were read.</summary>
    /// <param name="Cases">The first hundred of them.</param>
    internal sealed record Conflict(IReadOnlyList<CaseConflict> Cases) : AssignOutcome;

    /// <summary>Nothing was done.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : AssignOutcome;
}

/// <summary>Gives cases to a colleague, to oneself, or to nobody. Nobody who decides meanwhile is held up by it.</summary>
internal sealed class AssignCases(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time, CaseNotifier notifier)
{
    private const int MostAttempts = 6;

    /// <summary>Assigns.</summary>
    /// <param name="by">Who.</param>
    /// <param name="cases">1 to 10,000 cases as he read them.</param>
    /// <param name="assignee">To whom; null to nobody.</param>
    /// <param name="cancel">Cancels while nothing is written.</param>
    public async Task<AssignOutcome> ExecuteAsync(StaffMember by, IReadOnlyList<CaseRef> cases, Guid? assignee, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(cases);
        if (!by.May(Policies.Decide))
        {
            return new AssignOutcome.Refused("Only an analyst assigns cases.");
        }

        if (cases.Count is 0 or > DecisionRules.MostCases)
        {
            return new AssignOutcome.Refused(cases.Count == 0 ? "Choose a case first." : $"{cases.Count:N0} cases are too many at once; at most {DecisionRules.MostCases:N0} go together.");
        }

        var refs = cases.DistinctBy(c => c.Id).ToDictionary(c => c.Id, c => c.Version);
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            await using var session = await StatementSession.OpenAsync(dbs, cancel);
            if (assignee is { } to && !await MayDecideAsync(session.Db, to, cancel))
            {
                return new AssignOutcome.Refused("A case can only be given to an analyst.");
            }

            var read = await CaseReading.ReadAsync(session.Db, refs.Keys, cancel);
            if (read.Count < refs.Count)
            {
                return new AssignOutcome.Refused($"There is no case {refs.Keys.Except(read.Select(r => r.Case.Id)).Order().First()}. Nothing was done.");
            }

            if (read.Where(r => !r.Case.IsStillAsRead(refs[r.Case.Id])).ToList() is { Count: > 0 } changed)
            {
                return new AssignOutcome.Conflict(await CaseReading.ConflictsAsync(session.Db, changed.Select(r => (r, refs[r.Case.Id])), cancel));
            }

            var given = read.Where(r => r.Case.AssigneeId != assignee).ToList();
            if (given.Count == 0)
            {
                return new AssignOutcome.Done(0);
            }

            if (await TryWriteAsync(session, by, given, assignee, isLast: attempt == MostAttempts, cancel))
            {
                notifier.Raise(given.ConvertAll(r => r.Case.Id), by.Id);
                return new AssignOutcome.Done(given.Count);
            }
        }

        return new AssignOutcome.Refused("These cases are being changed all the time. Nothing was done; send it again.");
    }

    private static async Task<bool> MayDecideAsync(GuardDb db, Guid staff, CancellationToken cancel)
    {
        var roles = Policies.RolesOf(Policies.Decide);
        return await db.UserRoles.AnyAsync(u => u.UserId == staff && db.Roles.Any(r => r.Id == u.RoleId && roles.Contains(r.Name!)), cancel);
    }

    private async Task<bool> TryWriteAsync(StatementSession session, StaffMember by, List<ReadCase> given, Guid? assignee, bool isLast, CancellationToken cancel)
    {
        var now = clock.Now;
        Guid? together = given.Count > 1 ? Guid.CreateVersion7(time.GetUtcNow()) : null;
        var entries = given.ConvertAll(r => AuditSql.Row(AuditTrail.Entry(new AuditFact(AuditAction.CaseAssigned, by.Actor, now)
        {
            AccountId = r.Case.AccountId,
            AddressId = r.Case.AddressId,
            DomainName = r.Domain,
            CaseId = r.Case.Id,
            BatchId = together,
            Changes = [("assignee", r.Case.AssigneeId?.ToString("D"), assignee?.ToString("D"))],
        })));
        foreach (var r in given)
        {
            r.Case.NoteSame();
            r.Case.AssigneeId = assignee;
            r.Case.Version++;
        }

        try
        {
            await session.BeginAsync(cancel);
            if (!await CaseWriter.WriteCasesAsync(session, given.ConvertAll(r => (r.Case, r.Version)), cancel))
            {
                await session.RollbackAsync();
                return false;
            }

            await session.InsertAsync(AuditSql.Entries, entries, cancel);
            await session.CommitAsync(cancel);
            return true;
        }
        catch (DbException e) when (e.IsTransient && !isLast)
        {
            await session.RollbackAsync();
            return false;
        }
    }
}
