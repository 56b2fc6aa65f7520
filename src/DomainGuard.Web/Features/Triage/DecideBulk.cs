using System.Text.Encodings.Web;
using System.Text.Json;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>What is kept of a decision on a frozen list, so that it goes on without whoever sent it.</summary>
/// <param name="Wish">The decision.</param>
/// <param name="AcceptsDifference">What changed since the list was frozen is left out.</param>
/// <param name="From">Where the person sat.</param>
internal sealed record BulkWish(DecisionWish Wish, bool AcceptsDifference, string? From)
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <exception cref="JsonException">It is none.</exception>
    public static BulkWish Parse(string json) => JsonSerializer.Deserialize<BulkWish>(json) ?? throw new JsonException("A bulk decision is a JSON object, this is null.");
}

/// <summary>
/// Decides a frozen list. The wish is kept first: from then on the circuit may be lost or the process killed, and the list is found again, and carried out by
/// <see cref="BulkJob"/>, whole, or found changed and given back undecided.
/// </summary>
internal sealed class DecideBulk(IDbContextFactory<GuardDb> dbs, DecideCases decide, GuardClock clock)
{
    /// <summary>Decides the whole list, or says what changed since it was frozen.</summary>
    public Task<DecideOutcome> ExecuteAsync(StaffMember by, Guid bulkId, DecisionWish wish, CancellationToken cancel) => ExecuteAsync(by, bulkId, wish, acceptDifference: false, cancel);

    /// <summary>Decides the list.</summary>
    /// <param name="by">Who: the one who froze it.</param>
    /// <param name="bulkId">The list.</param>
    /// <param name="wish">What.</param>
    /// <param name="acceptDifference">Decide what is still as it was frozen, leave out the rest.</param>
    /// <param name="cancel">Cancels until the wish is kept; after that it goes on.</param>
    public async Task<DecideOutcome> ExecuteAsync(StaffMember by, Guid bulkId, DecisionWish wish, bool acceptDifference, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(wish);
        if (!by.May(Policies.Decide))
        {
            return new DecideOutcome.Refused("Only an analyst decides cases.");
        }

        if (DecisionRules.Problem(wish, clock.Now) is { } problem)
        {
            return new DecideOutcome.Refused(problem);
        }

        var json = new BulkWish(wish, acceptDifference, by.From).ToJson();
        await using (var db = await dbs.CreateDbContextAsync(cancel))
        {
            if (await db.Bulks.Where(b => b.Id == bulkId && b.StaffId == by.Id && b.DoneAt == null && b.Wish == null).ExecuteUpdateAsync(s => s.SetProperty(b => b.Wish, json), cancel) == 0)
            {
                // A second click, or a process that died: the same wish is the same decision. Another wish is none of it.
                var sent = await db.Bulks.AsNoTracking().FirstOrDefaultAsync(b => b.Id == bulkId && b.StaffId == by.Id, cancel);
                if (sent?.Wish is null || BulkWish.Parse(sent.Wish).Wish != wish)
                {
                    return new DecideOutcome.Refused(sent is null ? "There is no such list of yours. Choose the cases anew." : "This list is decided already. Choose the cases anew.");
                }

                if (sent.DoneAt is not null)
                {
                    return new DecideOutcome.Done(bulkId, sent.Decided);
                }
            }
        }

        return await CarryOutAsync(by, bulkId, new BulkWish(wish, acceptDifference, by.From), CancellationToken.None);
    }

    /// <summary>Carries out what is kept. What cannot be decided so is given back: its wish is forgotten, so that nothing happens that nobody waits for.</summary>
    internal async Task<DecideOutcome> CarryOutAsync(StaffMember by, Guid bulkId, BulkWish wish, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var cases = await db.BulkItems.AsNoTracking().Where(i => i.BulkId == bulkId).OrderBy(i => i.CaseId).Select(i => new CaseRef(i.CaseId, i.CaseVersion)).ToListAsync(cancel);
        var outcome = await decide.ExecuteAsync(by, cases, wish.Wish, new FrozenList(bulkId, wish.AcceptsDifference), cancel);
        if (outcome is not DecideOutcome.Done)
        {
            await db.Bulks.Where(b => b.Id == bulkId && b.DoneAt == null).ExecuteUpdateAsync(s => s.SetProperty(b => b.Wish, (string?)null), cancel);
        }

        return outcome;
    }
}
