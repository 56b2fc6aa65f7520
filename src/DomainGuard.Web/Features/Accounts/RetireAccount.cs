using System.Data.Common;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Accounts;

/// <summary>What became of the wish to retire an account.</summary>
internal enum RetireOutcome
{
    /// <summary>It is retired, now or before.</summary>
    Done,

    /// <summary>There is no such account.</summary>
    Unknown,

    /// <summary>Nothing was done: a list is being taken in, which may name the account.</summary>
    ImportRunning,
}

/// <summary>
/// Retires one account that is gone on the platform, with its addresses, as a full list without it would: nothing is deleted, and told again it comes back with what it had. What its domains say of
/// their addresses is counted in the same transaction.
/// </summary>
internal sealed class RetireAccount(IDbContextFactory<GuardDb> dbs, ImportsAhead ahead, GuardClock clock, TimeProvider time)
{
    private const int MostAttempts = 5;

    private static readonly SqlStatement Addresses = new(
        """UPDATE "Address" SET "RetiredAt" = @p1, "Version" = "Version" + 1 WHERE "AccountId" = @p0 AND "RetiredAt" IS NULL""", SqlKind.Key, SqlKind.Instant);

    private static readonly SqlStatement Account = new(
        """UPDATE "Account" SET "RetiredAt" = @p1, "ChangedAt" = @p1, "AddressCount" = 0, "Version" = "Version" + 1 WHERE "Id" = @p0 AND "RetiredAt" IS NULL""", SqlKind.Key, SqlKind.Instant);

    /// <summary>Retires it.</summary>
    /// <param name="accountId">The platform's id.</param>
    /// <param name="actor">Who tells.</param>
    /// <param name="cancel">Cancels while nothing is written.</param>
    public async Task<RetireOutcome> ExecuteAsync(string accountId, AuditActor actor, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        if (await session.Db.Accounts.AsNoTracking().Where(a => a.ExternalId == accountId).Select(a => new { a.Id, a.RetiredAt }).FirstOrDefaultAsync(cancel) is not { } account)
        {
            return RetireOutcome.Unknown;
        }

        if (account.RetiredAt is not null)
        {
            return RetireOutcome.Done;
        }

        if (!await ahead.PassAsync(cancel))
        {
            return RetireOutcome.ImportRunning;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await RetireAsync(session, account.Id, actor, clock.Now, cancel);
                return RetireOutcome.Done;
            }
            catch (Exception e) when (e is DbException or DbUpdateException && attempt < MostAttempts)
            {
                // Locked out by a scan that writes the same domains.
                await session.RollbackAsync();
                session.Db.ChangeTracker.Clear();
                await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt), time, cancel);
            }
        }
    }

    private static async Task RetireAsync(StatementSession session, long id, AuditActor actor, DateTimeOffset now, CancellationToken cancel)
    {
        var domains = await session.Db.Addresses.AsNoTracking().Where(a => a.AccountId == id && a.RetiredAt == null).Select(a => a.DomainId).Distinct().Order().ToListAsync(cancel);
        await session.BeginAsync(cancel);
        var addresses = await session.ExecuteAsync(Addresses, [id, now], cancel);
        if (await session.ExecuteAsync(Account, [id, now], cancel) == 1)
        {
            AuditTrail.Add(session.Db, new AuditFact(AuditAction.AccountRetired, actor, now) { AccountId = id, Changes = [("retired", false, true), ("addresses", null, addresses)] });
            await session.Db.SaveChangesAsync(cancel);
        }

        await TallyDomains.ExecuteAsync(session, domains, now, cancel);

        await session.CommitAsync(cancel);
    }
}
