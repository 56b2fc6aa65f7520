using Hangfire;

namespace DomainGuard.Web.Features.Findings;

/// <summary>
/// Everything about findings that is due by now: portions and batches that a killed process left, decisions on whole domains, dates that are reached. Each part is safe to
/// repeat and to run beside another node.
/// </summary>
internal sealed class TakeUpFindings(EndObserveOnly observing, ApplyFindings findings, CarryOutBatch batches, ApplyDomainCase domains, WakeCases dates)
{
    private int _running;

    /// <summary>Does what is due. Returns at once when this process is at it already.</summary>
    public async Task ExecuteAsync(CancellationToken stop)
    {
        if (Interlocked.Exchange(ref _running, 1) == 1)
        {
            return;
        }

        try
        {
            await observing.ResumeAsync(stop);
            await findings.TakeUpAsync(stop);
            await batches.TakeUpAsync(stop);
            await domains.TakeUpAsync(stop);
            await dates.ExecuteAsync(stop);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }
}

/// <summary>What Hangfire wakes up.</summary>
[AutomaticRetry(Attempts = 0)]
internal sealed class FindingsJobs(TakeUpFindings takeUp, CarryOutBatch batches, ApplyDomainCase domains)
{
    /// <summary>Does what is due.</summary>
    public Task TakeUpAsync(CancellationToken stop) => takeUp.ExecuteAsync(stop);

    /// <summary>Carries out an approved batch.</summary>
    public Task CarryOutAsync(long batchId, CancellationToken stop) => batches.ExecuteAsync(batchId, stop);

    /// <summary>Lets the addresses of a domain follow the decision on it.</summary>
    public Task ApplyDomainCaseAsync(long caseId, CancellationToken stop) => domains.ExecuteAsync(caseId, stop);
}

/// <summary>Hands work on findings to the nodes at once, instead of within a minute.</summary>
internal sealed class FindingsLauncher(IBackgroundJobClient jobs)
{
    /// <summary>Lets an approved batch be carried out.</summary>
    public void CarryOut(long batchId) => jobs.Enqueue<FindingsJobs>(j => j.CarryOutAsync(batchId, CancellationToken.None));

    /// <summary>Lets the addresses of a domain follow the decision on its case.</summary>
    public void ApplyDomainCase(long caseId) => jobs.Enqueue<FindingsJobs>(j => j.ApplyDomainCaseAsync(caseId, CancellationToken.None));
}
