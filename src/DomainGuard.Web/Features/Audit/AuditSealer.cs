using DomainGuard.Data;

namespace DomainGuard.Web.Features.Audit;

/// <summary>In a server: seals, a few times a second. On every node; the lease lets one of them work.</summary>
internal sealed partial class AuditSealer(SealEntries seal, TimeProvider time, ILogger<AuditSealer> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await seal.ReleaseAsync(cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException || GuardDatabase.Explain(e) is not null)
        {
            // The lease runs out by itself.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = Every;
            try
            {
                await seal.ExecuteAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException && GuardDatabase.Explain(e) is not null)
            {
                Log.Failed(log, GuardDatabase.Explain(e)!);
                pause = AfterFailure;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Audit entries wait to be sealed: {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}
