using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Settings;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Sync;

/// <summary>A person who asked for a run now.</summary>
internal sealed record SqlWish(string Id, string? From, string Name);

/// <summary>Where the schedule of the query stands, kept as the value of a setting.</summary>
/// <param name="StartedAt">When the last run began (UTC, guard time); null before the first.</param>
/// <param name="HasEnded">It came to an end, whichever. While it has not and nobody works it, its process has died.</param>
/// <param name="Wish">Who wants one more.</param>
internal sealed record SqlScheduleState(DateTimeOffset? StartedAt, bool HasEnded, SqlWish? Wish)
{
    // Long enough for a run to be seen in its row of the imports.
    private static readonly TimeSpan AfterDeath = TimeSpan.FromMinutes(5);

    /// <summary>When the next run is due; null: at once.</summary>
    public DateTimeOffset? DueAt(TimeSpan schedule) =>
        Wish is not null || StartedAt is null ? null : StartedAt + (HasEnded || schedule < AfterDeath ? schedule : AfterDeath);
}

/// <summary>
/// When the query runs: a row in the database, changed by conditional update, so that of several nodes one runs it, a change of the configuration counts at once, and a run whose
/// process dies is done again.
/// </summary>
internal sealed class SqlSchedule(IDbContextFactory<GuardDb> dbs, ImportTurn turn, GuardClock clock, IOptions<SqlSourceOptions> options)
{
    private const string Setting = "sync.sql";

    /// <summary>The requester of a run that nobody asked for.</summary>
    public static Requester BySchedule { get; } = new(AuditActor.System("sql source"), "schedule");

    /// <summary>Where it stands.</summary>
    public async Task<SqlScheduleState> StateAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return Read(await ValueAsync(db, cancel));
    }

    /// <summary>A run was just taken, or is being read or written by a process that lives.</summary>
    public async Task<bool> IsRunningAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (Read(await ValueAsync(db, cancel)) is { HasEnded: false } taken && taken.DueAt(options.Value.Schedule) > clock.Now)
        {
            return true;
        }

        var open = await db.Imports.AsNoTracking()
            .Where(i => i.Format == ImportFormat.Sql && (i.Status == ImportStatus.Staging || i.Status == ImportStatus.Merging)).ToListAsync(cancel);
        return open.Exists(i => !turn.IsFree(i));
    }

    /// <summary>Takes the run that is due; null when none is, or somebody else took it.</summary>
    /// <returns>Who asked for it.</returns>
    public async Task<Requester?> ClaimAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var seen = await ValueAsync(db, cancel);
        var state = Read(seen);
        if (state.DueAt(options.Value.Schedule) > clock.Now || await IsRunningAsync(cancel) || !await ChangeAsync(db, seen, new SqlScheduleState(clock.Now, HasEnded: false, null), cancel))
        {
            return null;
        }

        return state.Wish is { } wish ? new Requester(new AuditActor(AuditActorKind.Staff, wish.Id, wish.From), wish.Name) : BySchedule;
    }

    /// <summary>The run that was taken came to an end. A wish of meanwhile stays.</summary>
    public async Task EndAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        while (true)
        {
            var seen = await ValueAsync(db, cancel);
            if (await ChangeAsync(db, seen, Read(seen) with { HasEnded = true }, cancel))
            {
                return;
            }
        }
    }

    /// <summary>Keeps a wish for a run now; false when somebody else's is kept already, or it was just granted.</summary>
    public async Task<bool> WishAsync(SqlWish wish, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var seen = await ValueAsync(db, cancel);
        return Read(seen) is { Wish: null } state && await ChangeAsync(db, seen, state with { Wish = wish }, cancel);
    }

    private static Task<string?> ValueAsync(GuardDb db, CancellationToken cancel) => db.Settings.AsNoTracking().Where(s => s.Name == Setting).Select(s => s.Value).FirstOrDefaultAsync(cancel);

    private static SqlScheduleState Read(string? value) => (value is null ? null : JsonSerializer.Deserialize<SqlScheduleState>(value)) ?? new SqlScheduleState(null, HasEnded: true, null);

    private static async Task<bool> ChangeAsync(GuardDb db, string? seen, SqlScheduleState state, CancellationToken cancel)
    {
        var value = JsonSerializer.Serialize(state);
        if (seen is not null)
        {
            return await db.Settings.Where(s => s.Name == Setting && s.Value == seen).ExecuteUpdateAsync(u => u.SetProperty(s => s.Value, value).SetProperty(s => s.Version, s => s.Version + 1), cancel) == 1;
        }

        var added = db.Settings.Add(new Setting { Name = Setting, Value = value });
        try
        {
            await db.SaveChangesAsync(cancel);
            return true;
        }
        catch (DbUpdateException) when (db.Settings.AsNoTracking().Any(s => s.Name == Setting))
        {
            added.State = EntityState.Detached;
            return false;
        }
    }
}
