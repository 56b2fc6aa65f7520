using DomainGuard.Data;

namespace DomainGuard.Web.Features.Imports;

/// <summary>Merges imports that were confirmed in the console, one after another, and at the start those that a killed process left.</summary>
internal sealed partial class ImportWorker(MergeImport merge, ResumeImports resume, ILogger<ImportWorker> log) : BackgroundService
{
    private readonly System.Threading.Channels.Channel<long> _queue = System.Threading.Channels.Channel.CreateUnbounded<long>();

    /// <summary>Puts an import in line. Should this process die before its turn, the next start finds it by its lease.</summary>
    public void Enqueue(long importId) => _queue.Writer.TryWrite(importId);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await GuardAsync(() => resume.ExecuteAsync(null, stoppingToken));
        await foreach (var id in _queue.Reader.ReadAllAsync(stoppingToken))
        {
            await GuardAsync(() => merge.ExecuteAsync(id, null, stoppingToken));
        }
    }

    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (GuardDatabase.Explain(e) is { } words)
        {
            // Its lease runs out and the next start, or the next import, goes on where it was.
            Log.Failed(log, words);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "An import stopped and goes on at the next start: {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}
