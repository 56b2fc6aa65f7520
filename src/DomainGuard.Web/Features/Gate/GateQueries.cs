using DomainGuard.Core.Audit;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Gate;
using DomainGuard.Data.Paging;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Gate;

/// <summary>What the log is narrowed to.</summary>
/// <param name="Decision">Answers of this kind.</param>
/// <param name="Account">The platform's id of an account.</param>
/// <param name="Reason">Answers for this reason.</param>
internal sealed record GateFilter(GateDecision? Decision = null, string? Account = null, GateReason? Reason = null)
{
    public bool IsEmpty => this == new GateFilter();
}

/// <summary>An answer with the names that belong to it.</summary>
/// <param name="Check">The answer.</param>
/// <param name="Account">The platform's id of the account; null when the address is not monitored.</param>
/// <param name="Email">The address; null when it is not monitored, or is kept no longer.</param>
/// <param name="Domain">Its domain.</param>
/// <param name="AskedBy">Who asked, in words.</param>
internal sealed record GateLogRow(RecoveryCheck Check, string? Account, string? Email, string? Domain, string AskedBy);

/// <summary>How the gate did in the last day.</summary>
/// <param name="Allowed">Answers by kind.</param>
/// <param name="Reviewed">The same.</param>
/// <param name="Denied">The same.</param>
/// <param name="LookedUp">Answers for which a domain was looked up.</param>
/// <param name="Stale">Answers by evidence that was too old.</param>
/// <param name="SlowestMs">The slowest, in milliseconds.</param>
internal sealed record GateDay(int Allowed, int Reviewed, int Denied, int LookedUp, int Stale, int SlowestMs)
{
    public int All => Allowed + Reviewed + Denied;
}

/// <summary>Reads the answers of the gate.</summary>
internal sealed class GateQueries(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    /// <summary>A page of the log, newest first.</summary>
    public async Task<KeysetPage<GateLogRow>> ListAsync(GateFilter filter, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var checks = db.RecoveryChecks.AsNoTracking();
        if (filter.Account is { Length: > 0 } external)
        {
            var account = await db.Accounts.AsNoTracking().Where(a => a.ExternalId == external).Select(a => (long?)a.Id).FirstOrDefaultAsync(cancel) ?? 0;
            checks = checks.Where(c => c.AccountId == account);
        }

        // Said once more as the index has it: it holds only what is not allowed, and no planner sees that in a parameter.
        checks = filter.Decision is { } decision ? checks.Where(c => c.Decision == decision) : checks;
        checks = filter.Decision > GateDecision.Allow ? checks.Where(c => c.Decision > GateDecision.Allow) : checks;
        checks = filter.Reason is { } reason ? checks.Where(c => c.Reason == reason) : checks;
        var page = await Keyset.PageAsync(checks, c => c.At, c => c.Id, true, position, size, c => c, c => (c.At, c.Id), cancel);
        return new KeysetPage<GateLogRow>(await NameAsync(db, page.Items, cancel), page.Previous, page.Next);
    }

    /// <summary>One answer; null when there is none.</summary>
    public async Task<GateLogRow?> FindAsync(long id, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.RecoveryChecks.AsNoTracking().FirstOrDefaultAsync(c => c.Id == id, cancel) is { } check ? (await NameAsync(db, [check], cancel))[0] : null;
    }

    /// <summary>The last answers for an account, previews left out.</summary>
    public async Task<IReadOnlyList<RecoveryCheck>> OfAccountAsync(long accountId, int most, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var from = clock.Now.AddDays(-30);
        return await db.RecoveryChecks.AsNoTracking().Where(c => c.AccountId == accountId && c.At >= from && !c.IsPreview).OrderByDescending(c => c.At).ThenByDescending(c => c.Id).Take(most).ToListAsync(cancel);
    }

    /// <summary>The last 24 hours, previews left out.</summary>
    public async Task<GateDay> DayAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var from = clock.Now.AddDays(-1);
        var rows = await db.RecoveryChecks.AsNoTracking().Where(c => c.At >= from && !c.IsPreview).GroupBy(c => c.Decision)
            .Select(g => new { g.Key, Count = g.Count(), LookedUp = g.Count(c => c.LookedUp), Stale = g.Count(c => c.Stale), Slowest = g.Max(c => c.DurationMs) }).ToListAsync(cancel);
        int Of(GateDecision decision) => rows.Where(r => r.Key == decision).Sum(r => r.Count);
        return new GateDay(Of(GateDecision.Allow), Of(GateDecision.Review), Of(GateDecision.Deny), rows.Sum(r => r.LookedUp), rows.Sum(r => r.Stale), rows.Select(r => r.Slowest).DefaultIfEmpty().Max());
    }

    private static async Task<IReadOnlyList<GateLogRow>> NameAsync(GuardDb db, IReadOnlyList<RecoveryCheck> checks, CancellationToken cancel)
    {
        var addresses = checks.Select(c => c.AddressId).OfType<long>().Distinct().ToArray();
        var askers = checks.Select(c => Guid.TryParse(c.AskedBy, out var id) ? id : Guid.Empty).Distinct().ToArray();
        var emails = await db.Addresses.AsNoTracking().Where(a => EF.Parameter(addresses).Contains(a.Id)).Select(a => new { a.Id, a.Email, Account = a.Account!.ExternalId, Domain = a.Domain!.Name })
            .ToDictionaryAsync(a => a.Id, cancel);
        var people = await db.Users.AsNoTracking().Where(u => EF.Parameter(askers).Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.DisplayName, cancel);
        var keys = await db.ApiKeys.AsNoTracking().Where(k => EF.Parameter(askers).Contains(k.Id)).ToDictionaryAsync(k => k.Id, k => k.Name, cancel);
        return [.. checks.Select(c =>
        {
            var address = c.AddressId is { } id ? emails.GetValueOrDefault(id) : null;
            var asker = Guid.TryParse(c.AskedBy, out var who) ? who : Guid.Empty;
            var by = c.AskedByKind == AuditActorKind.Staff ? people.GetValueOrDefault(asker) ?? "former staff" : "key " + (keys.GetValueOrDefault(asker) ?? c.AskedBy);
            return new GateLogRow(c, address?.Account, address?.Email, address?.Domain, by);
        })];
    }
}
