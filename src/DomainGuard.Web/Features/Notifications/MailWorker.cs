using DomainGuard.Data;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>In a server: makes mails of what happened, and sends what is due, each on its own: a mail server that hangs holds up no news. On every node; claims keep them from doing it twice.</summary>
internal sealed partial class MailWorker(ReadNews read, MakeMails make, SendMails send, DropOldMails drop, TimeProvider time, ILogger<MailWorker> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenDrops = TimeSpan.FromHours(1);
    private DateTimeOffset? _dropped;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(LoopAsync(MakeAsync, stoppingToken), LoopAsync(send.ExecuteAsync, stoppingToken));

    private async Task MakeAsync(CancellationToken stop)
    {
        if (!(time.GetUtcNow() - _dropped < BetweenDrops))
        {
            await drop.ExecuteAsync(stop);
            _dropped = time.GetUtcNow();
        }

        await read.ExecuteAsync(stop);
        await make.ExecuteAsync(stop);
    }

    private async Task LoopAsync(Func<CancellationToken, Task> work, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await work(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (GuardDatabase.Explain(e) is not null)
            {
                Log.Failed(log, GuardDatabase.Explain(e)!);
            }

            await Task.Delay(Every, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Mails to staff wait: {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}
