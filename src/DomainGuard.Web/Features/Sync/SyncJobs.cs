using Hangfire;

namespace DomainGuard.Web.Features.Sync;

/// <summary>What recurs for the query; safe to lose and to run twice, because what is due is a row of ours.</summary>
[AutomaticRetry(Attempts = 0)]
internal sealed class SyncJobs(RunSqlSync run)
{
    /// <summary>Runs the query if it is due.</summary>
    public Task TakeUpAsync(CancellationToken stop) => run.ExecuteAsync(stop);
}

/// <summary>Wakes a node for what a person asked for: within a minute one would wake by itself.</summary>
internal sealed class SyncLauncher(IBackgroundJobClient jobs)
{
    /// <summary>Lets what is due be taken up now.</summary>
    public void Launch() => jobs.Enqueue<SyncJobs>(j => j.TakeUpAsync(CancellationToken.None));
}
