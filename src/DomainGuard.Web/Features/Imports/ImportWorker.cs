using System.Threading.Channels;
using DomainGuard.Data;

namespace DomainGuard.Web.Features.Imports;

/// <summary>In a server: merges imports that were confirmed in the console, one after another; at the start and every minute also those that a killed process left.</summary>
internal sealed partial class ImportWorker(MergeImport merge, ResumeImports resume, TimeProvider time, ILogger<ImportWorker> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private readonly Channel<long> _queue = Channel.CreateUnbounded<long>();

    /// <summary>Puts an import in line that was confirmed (<see cref="ConfirmImport"/>). Should this process die while it merges, another one finds it by its lease.</summary>
    public void Enqueue(long importId) => _queue.Writer.TryWrite(importId);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await GuardAsync(() => resume.ExecuteAsync(null, stoppingToken), stoppingToken);
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var tick = Task.Delay(Every, time, pause.Token);
            while (!stoppingToken.IsCancellationRequested && await Task.WhenAny(_queue.Reader.WaitToReadAsync(pause.Token).AsTask(), tick) != tick)
            {
                while (_queue.Reader.TryRead(out var id))
                {
                    await GuardAsync(() => merge.ExecuteAsync(id, null, stoppingToken), stoppingToken);
                }
            }

            await pause.CancelAsync();
        }
    }

    private async Task GuardAsync(Func<Task> work, CancellationToken stopping)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server ends; what was merged is kept, the rest goes on at the next start.
        }
        catch (Exception e) when (e is ImportLeaseLostException || GuardDatabase.Explain(e) is not null)
        {
            Log.Failed(log, e is ImportLeaseLostException ? e.Message : GuardDatabase.Explain(e)!);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "An import stopped and goes on within a minute: {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}
