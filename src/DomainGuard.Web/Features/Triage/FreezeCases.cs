using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Web.Features.Triage;

/// <summary>A frozen list, or why there is none.</summary>
/// <param name="BulkId">Names it; empty when there is none.</param>
/// <param name="Count">Cases in it, or that match where they are too many.</param>
internal readonly record struct FreezeOutcome(Guid BulkId, int Count)
{
    /// <summary>Why nothing was frozen, in words for the screen; null when it was.</summary>
    public string? Problem { get; init; }
}

/// <summary>
/// Freezes the list of cases that a filter matches now, with their versions, before a person decides on it: what he then confirms is what he was shown, whatever comes into
/// the queue or goes out of it meanwhile.
/// </summary>
internal sealed class FreezeCases(IDbContextFactory<GuardDb> dbs, TimeProvider time)
{
    private static readonly SqlStatement InsertBulk = new(
        """INSERT INTO "Bulk" ("Id", "StaffId", "FrozenAt", "Count", "Decided", "Skipped") VALUES (@p0, @p1, @p2, @p3, 0, 0)""", Uuid, Uuid, Instant, Number);

    private static readonly BulkTable Items = new("BulkItem", ("BulkId", Uuid), ("CaseId", Key), ("CaseVersion", Number));

    /// <summary>Freezes at most 10,000.</summary>
    /// <param name="by">Who.</param>
    /// <param name="filter">The cases, in a context that it is given.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<FreezeOutcome> ExecuteAsync(StaffMember by, Func<GuardDb, IQueryable<Case>> filter, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(by);
        if (!by.May(Policies.Decide))
        {
            return new FreezeOutcome(Guid.Empty, 0) { Problem = "Only an analyst decides cases." };
        }

        ArgumentNullException.ThrowIfNull(filter);

        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var cases = await filter(session.Db).AsNoTracking().Select(c => new CaseRef(c.Id, c.Version)).Take(DecisionRules.MostCases + 1).ToListAsync(cancel);
        if (cases.Count == 0)
        {
            return new FreezeOutcome(Guid.Empty, 0) { Problem = "No case matches." };
        }

        if (cases.Count > DecisionRules.MostCases)
        {
            var count = await filter(session.Db).CountAsync(cancel);
            return new FreezeOutcome(Guid.Empty, count) { Problem = $"{count:N0} cases match; at most {DecisionRules.MostCases:N0} are decided together. Narrow the filter." };
        }

        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await session.BeginAsync(cancel);
        await session.ExecuteAsync(InsertBulk, [id, by.Id, now, cases.Count], cancel);
        await session.InsertAsync(Items, cases.ConvertAll(c => new object?[] { id, c.Id, c.Version }), cancel);
        await session.CommitAsync(cancel);
        return new FreezeOutcome(id, cases.Count);
    }
}
