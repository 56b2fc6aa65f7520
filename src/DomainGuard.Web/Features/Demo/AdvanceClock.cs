using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Demo;

/// <summary>What became of the wish to move the clock.</summary>
internal abstract record AdvanceOutcome
{
    /// <summary>It stands at <paramref name="Now"/>.</summary>
    /// <param name="Now">Guard time (UTC).</param>
    /// <param name="Scans">Scans and sweeps that were run on the way.</param>
    /// <param name="Domains">Domains that were looked up in them.</param>
    internal sealed record Advanced(DateTimeOffset Now, int Scans, long Domains) : AdvanceOutcome;

    /// <summary>It is being moved already.</summary>
    internal sealed record Busy : AdvanceOutcome;

    /// <summary>It cannot be moved so far, or not that way.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : AdvanceOutcome;
}

/// <summary>
/// Moves the guard clock on, from due instant to due instant, and does at each what the schedule would have done: so a year passes as it would have, in minutes. What is due
/// within the same hour is done together. Everything runs here and now, not through Hangfire, so that the answer comes when it is done.
/// </summary>
internal sealed class AdvanceClock(IDbContextFactory<GuardDb> dbs, MovableGuardClock clock, StartScan start, RunScan run, ScanQueries queries, TakeUpFindings findings, MakeCheckpoint checkpoint)
{
    /// <summary>The longest step.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(400);

    private static readonly TimeSpan Together = TimeSpan.FromHours(1);

    /// <summary>The sweep is daily and only brings work forward: a quarter of a day of it goes together, or a year would be a year of sweeps.</summary>
    private static readonly TimeSpan SweepsTogether = TimeSpan.FromHours(6);

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Moves it on by <paramref name="step"/>.</summary>
    /// <param name="by">Who asks.</param>
    /// <param name="step">Not negative, at most <see cref="Longest"/>.</param>
    /// <param name="progress">Told where it stands, about once per scan; null when nobody looks.</param>
    /// <param name="cancel">Stops between two scans; what was done stays.</param>
    public async Task<AdvanceOutcome> ExecuteAsync(Requester by, TimeSpan step, IProgress<DateTimeOffset>? progress, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return new AdvanceOutcome.Refused("This needs the role Administrator.");
        }

        if (step < TimeSpan.Zero)
        {
            return new AdvanceOutcome.Refused("The clock moves forward only.");
        }

        if (step > Longest)
        {
            return new AdvanceOutcome.Refused("The clock moves at most 400 days at a time.");
        }

        if (!await _one.WaitAsync(TimeSpan.Zero, cancel))
        {
            return new AdvanceOutcome.Busy();
        }

        try
        {
            return await MoveAsync(by, clock.Now + step, progress, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<AdvanceOutcome> MoveAsync(Requester by, DateTimeOffset target, IProgress<DateTimeOffset>? progress, CancellationToken cancel)
    {
        var scans = 0;
        long domains = 0;
        AuditFact? moved = new(AuditAction.ClockAdvanced, by.Actor, clock.Now) { Changes = [("now", clock.Now, target)] };
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var (due, sweep) = await NextDueAsync(cancel);
            var instant = due is { } d && d <= target - Together ? Later(d, clock.Now) + Together : target;
            await clock.MoveToAsync(instant < target ? instant : target, moved, cancel);
            moved = null;
            progress?.Report(clock.Now);
            await checkpoint.DailyAsync(cancel);
            ScanScope[] scopes = sweep <= clock.Now || instant >= target ? [ScanScope.DnsSweep, ScanScope.Due] : [ScanScope.Due];
            foreach (var scope in scopes)
            {
                if (await ScanAsync(scope, cancel) is { } scan)
                {
                    scans++;
                    domains += scan.Done;
                }
            }

            await findings.ExecuteAsync(cancel);
            if (instant >= target)
            {
                return new AdvanceOutcome.Advanced(clock.Now, scans, domains);
            }
        }
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private async Task<ScanRow?> ScanAsync(ScanScope scope, CancellationToken cancel)
    {
        if (await start.ExecuteAsync(scope, null, Requester.Schedule, cancel) is not StartOutcome.Started { ScanId: var id })
        {
            return null; // nothing is due, or the schedule's own scan is at it
        }

        await run.ExecuteAsync(id, cancel);
        return await queries.GetAsync(id, cancel);
    }

    // When something is due next (a check, a sweep, the end of a snooze or an override), and when enough of the sweep is.
    private async Task<(DateTimeOffset? Due, DateTimeOffset? Sweep)> NextDueAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var watched = db.Domains.AsNoTracking().Where(d => d.WatchedFor != WatchedFor.None && d.Phase != Phase.NotApplicable);
        var check = await watched.MinAsync(d => d.NextCheckAt, cancel);
        var sweep = await watched.MinAsync(d => d.NextSweepAt, cancel) + SweepsTogether;
        var now = clock.Now;
        var date = await WakeCases.Dated(db).Where(c => c.Until > now).MinAsync(c => c.Until, cancel);
        return (new[] { check, sweep, date }.Min(), sweep);
    }
}
