using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Gate;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Gate;

/// <summary>What became of a confirmation.</summary>
internal enum ConfirmOutcome
{
    /// <summary>It is written down, or was already.</summary>
    Confirmed,

    /// <summary>There is no such answer.</summary>
    Unknown,

    /// <summary>Something else was confirmed before: the first word stands.</summary>
    Differs,
}

/// <summary>Writes down what the platform did with an answer. Said twice it is said once.</summary>
internal sealed class ConfirmRecovery(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    /// <summary>Confirms.</summary>
    public async Task<ConfirmOutcome> ExecuteAsync(long id, RecoveryAction action, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var now = clock.Now;
        if (await db.RecoveryChecks.Where(c => c.Id == id && c.Action == RecoveryAction.None)
            .ExecuteUpdateAsync(s => s.SetProperty(c => c.Action, action).SetProperty(c => c.ActionAt, now), cancel) == 1)
        {
            return ConfirmOutcome.Confirmed;
        }

        return await db.RecoveryChecks.AsNoTracking().Where(c => c.Id == id).Select(c => (RecoveryAction?)c.Action).FirstOrDefaultAsync(cancel) switch
        {
            null => ConfirmOutcome.Unknown,
            { } before when before == action => ConfirmOutcome.Confirmed,
            _ => ConfirmOutcome.Differs,
        };
    }
}
