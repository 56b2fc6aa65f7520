using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Scans;
using DomainGuard.Lookups.Rdap;
using DomainGuard.Web.Auth;
using Hangfire;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// What Hangfire wakes up. Jobs only call operations; they may be lost or run twice, because what is due and what is done stand in our own tables.
/// </summary>
[AutomaticRetry(Attempts = 0)]
internal sealed partial class ScanJobs(
    StartScan start, RunScan run, ScanQueries queries, KeepRetention retention, RdapBootstrap bootstrap, IBootstrapStore copies, GuardClock clock, ILogger<ScanJobs> log)
{
    /// <summary>Starts a scan of what is due, if anything is, and works it here.</summary>
    public Task ScanDueAsync(CancellationToken stop) => StartAndRunAsync(ScanScope.Due, stop);

    /// <summary>Starts the DNS sweep of what is due for it, if anything is, and works it here.</summary>
    public Task SweepAsync(CancellationToken stop) => StartAndRunAsync(ScanScope.DnsSweep, stop);

    /// <summary>Works one scan here, beside whoever else works it.</summary>
    public Task RunAsync(long scanId, CancellationToken stop) => run.ExecuteAsync(scanId, stop);

    /// <summary>
    /// Takes up every scan that is not over and not paused: after a restart, after the death of another node, or to help one. Cheap when there is none.
    /// </summary>
    public async Task TakeUpAsync(CancellationToken stop)
    {
        var open = await queries.UnfinishedAsync(stop);
        await Task.WhenAll(open.Where(s => s.Status != ScanStatus.Paused).Select(s => run.ExecuteAsync(s.Id, stop)));
    }

    /// <summary>Fetches the IANA bootstrap file.</summary>
    public async Task RefreshBootstrapAsync(CancellationToken stop)
    {
        if (await bootstrap.RefreshAsync(copies, clock.Now, stop) is { } problem)
        {
            Log.Bootstrap(log, problem);
        }
    }

    /// <summary>Lets go of what its time is over for.</summary>
    public Task KeepRetentionAsync(CancellationToken stop) => retention.ExecuteAsync(stop);

    private async Task StartAndRunAsync(ScanScope scope, CancellationToken stop)
    {
        var id = await start.ExecuteAsync(scope, null, Requester.Schedule, stop) switch
        {
            StartOutcome.Started s => s.ScanId,
            StartOutcome.Running r => r.ScanId,
            _ => 0,
        };
        if (id != 0)
        {
            await run.ExecuteAsync(id, stop);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "RDAP bootstrap: {Problem}")]
        public static partial void Bootstrap(ILogger logger, string problem);
    }
}

/// <summary>Hands a scan to the nodes: to this one's job server where jobs live in memory, to any where they live in the database.</summary>
internal sealed class ScanLauncher(IBackgroundJobClient jobs)
{
    /// <summary>Lets a scan be worked that was started, resumed or cancelled.</summary>
    public void Launch(long scanId) => jobs.Enqueue<ScanJobs>(j => j.RunAsync(scanId, CancellationToken.None));
}
