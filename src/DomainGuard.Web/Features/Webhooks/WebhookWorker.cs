using DomainGuard.Data;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>In a server: makes events of what happened and sends what is due, a few times a second, each receiver by itself. On every node; claims keep them from sending the same thing side by side.</summary>
internal sealed partial class WebhookWorker(FanOutEvents fanOut, SendDeliveries send, DropOldEvents drop, TimeProvider time, ILogger<WebhookWorker> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenDrops = TimeSpan.FromHours(1);
    private readonly Dictionary<Guid, Task> _running = [];

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Task.WhenAll(_running.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DateTimeOffset? dropped = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = Every;
            try
            {
                if (!(time.GetUtcNow() - dropped < BetweenDrops))
                {
                    await drop.ExecuteAsync(stoppingToken);
                    dropped = time.GetUtcNow();
                }

                await fanOut.ExecuteAsync(stoppingToken);
                foreach (var endpoint in await send.DueAsync(stoppingToken))
                {
                    // A receiver that hangs is busy with itself; the others go on.
                    if (_running.GetValueOrDefault(endpoint) is not { IsCompleted: false })
                    {
                        _running[endpoint] = Task.Run(() => SendAsync(endpoint, stoppingToken), CancellationToken.None);
                    }
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (GuardDatabase.Explain(e) is not null)
            {
                Log.Failed(log, GuardDatabase.Explain(e)!);
                pause = AfterFailure;
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAsync(Guid endpoint, CancellationToken stop)
    {
        try
        {
            await send.ExecuteAsync(endpoint, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop: what was claimed is free again when the claim ends.
        }
        catch (Exception e) when (GuardDatabase.Explain(e) is not null)
        {
            Log.Failed(log, GuardDatabase.Explain(e)!);
            await Task.Delay(AfterFailure, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Events wait to be sent: {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}
