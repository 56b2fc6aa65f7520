using DomainGuard.Web.Auth;
using Hangfire;

namespace DomainGuard.Web.Features.Audit;

/// <summary>What recurs for the audit trail; safe to lose and to run twice.</summary>
[AutomaticRetry(Attempts = 0)]
internal sealed class AuditJobs(MakeCheckpoint checkpoint, VerifyChain verify)
{
    /// <summary>The checkpoint of the day, unless there is one.</summary>
    public Task CheckpointAsync(CancellationToken stop) => checkpoint.DailyAsync(stop);

    /// <summary>Verifies the whole chain.</summary>
    public Task VerifyAsync(CancellationToken stop) => verify.ExecuteAsync(Requester.Schedule, [], null, stop);
}
