using System.Threading.Channels;
using DomainGuard.Data;

namespace DomainGuard.Web.Features.Exports;

/// <summary>In a server: writes exports as they are asked for, and every half minute looks for those that a killed process left.</summary>
internal sealed partial class ExportWorker(RunExport run, TimeProvider time, ILogger<ExportWorker> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);
    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>There is one to write.</summary>
    public void Wake() => _wishes.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await run.ExecuteAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return; // Begun anew at the next start.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException || GuardDatabase.Explain(e) is not null)
            {
                Log.Failed(log, GuardDatabase.Explain(e) ?? e.Message);
            }

            using var pause = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(_wishes.Reader.ReadAsync(pause.Token).AsTask(), Task.Delay(Every, time, pause.Token));
            await pause.CancelAsync();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Exports wait: {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}
