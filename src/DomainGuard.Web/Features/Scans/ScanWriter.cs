using System.Threading.Channels;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>This node's hold on one lane of one scan.</summary>
internal sealed class LaneHold(long scanId, string host)
{
    /// <summary>The scan.</summary>
    public long ScanId { get; } = scanId;

    /// <summary>The lane's host.</summary>
    public string Host { get; } = host;

    /// <summary>The lease went to another node: nothing more may be written.</summary>
    public bool Lost { get; set; }

    /// <summary>Why writing ended; null while it goes well.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Throws what made writing the results of this lane fail.</summary>
    public void ThrowFault()
    {
        if (Fault is { } fault)
        {
            throw new InvalidOperationException("The results of the scan could not be written: " + fault.Message, fault);
        }
    }
}

/// <summary>A look-up that is over.</summary>
/// <param name="Hold">Lane it belongs to.</param>
/// <param name="DomainId">The domain.</param>
/// <param name="Answered">Whether it counts as answered.</param>
/// <param name="Staged">What was said.</param>
/// <param name="Words">How each host did, for its lane's record.</param>
internal sealed record LookedUp(LaneHold Hold, long DomainId, bool Answered, byte[] Staged, IReadOnlyList<LaneWord> Words)
{
    /// <summary>From what was asked.</summary>
    public static LookedUp Of(LaneHold hold, long domainId, bool answered, IReadOnlyList<Observation> asked) => new(
        hold,
        domainId,
        answered,
        StagedAnswers.Pack(asked),
        [.. asked.Where(StagedAnswers.WasAsked).Select(o => new LaneWord(o.Source, o.Host, o.IsEvidence, o.Error, o.AskedAt, (int)o.Duration.TotalMilliseconds))]);
}

/// <summary>How one host did in one question.</summary>
internal readonly record struct LaneWord(SourceKind Source, string Host, bool Answered, string? Error, DateTimeOffset At, int Milliseconds);

/// <summary>
/// Stages the results of all lanes of this process, in batches, on one connection: SQLite has one writer, and many small transactions would queue for it.
/// Whoever hands in a result waits until it is committed, and keeps his place among the look-ups in flight meanwhile: a killed process loses no more than those, however slow the database is.
/// </summary>
internal sealed partial class ScanWriter(IDbContextFactory<GuardDb> dbs, ScanNode node, ILogger<ScanWriter> log) : IAsyncDisposable
{
    private const int BatchSize = 256;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    private readonly Channel<Entry> _queue = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _starting = new();
    private Task? _loop;

    /// <summary>Hands a result over. Ends when it is committed, or when it is known that it never will be: then the hold is lost or has a fault.</summary>
    public Task WriteAsync(LookedUp result)
    {
        Start();
        var entry = new Entry(result, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        return _queue.Writer.TryWrite(entry) ? entry.Over.Task : throw new ObjectDisposedException(nameof(ScanWriter));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        if (_loop is not null)
        {
            await _loop;
        }
    }

    private void Start()
    {
        if (_loop is null)
        {
            lock (_starting)
            {
                _loop ??= Task.Run(LoopAsync, CancellationToken.None);
            }
        }
    }

    // What came in while a batch was written is the next one: nobody waits longer than that, and the slower the database, the more of them it is given at once.
    private async Task LoopAsync()
    {
        StatementSession? session = null;
        var batch = new List<Entry>(BatchSize);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (batch.Count < BatchSize && _queue.Reader.TryRead(out var entry))
            {
                batch.Add(entry);
            }

            session = await StageWithPatienceAsync(session, batch.ConvertAll(e => e.Result));
            batch.ForEach(e => e.Over.SetResult());
            batch.Clear();
        }

        if (session is not null)
        {
            await session.DisposeAsync();
        }
    }

    // A locked or unreachable database is waited for; only then the lanes are told, and the scan goes on after the next start. Whatever happens, the loop lives on.
    private async Task<StatementSession?> StageWithPatienceAsync(StatementSession? session, List<LookedUp> batch)
    {
        var giveUpAt = node.Now + LongestWait;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                session ??= await StatementSession.OpenAsync(dbs, CancellationToken.None);
                await StageAsync(session, batch);
                return session;
            }
            catch (Exception e)
            {
                if (session is not null)
                {
                    await session.DisposeAsync();
                    session = null;
                }

                if (!Patience.IsTransient(e) || node.Now > giveUpAt)
                {
                    Log.GaveUp(log, e, batch.Count);
                    foreach (var hold in batch.Select(r => r.Hold).Distinct())
                    {
                        hold.Fault = e;
                    }

                    return null;
                }

                Log.Waits(log, e.Message, attempt);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(5_000, 100 << Math.Min(attempt, 6))));
            }
        }
    }

    private async Task StageAsync(StatementSession session, List<LookedUp> batch)
    {
        await session.BeginAsync(CancellationToken.None);
        foreach (var lane in batch.GroupBy(r => r.Hold))
        {
            var hold = lane.Key;
            if (hold.Lost || await session.ExecuteAsync(ScanSql.HoldLane, [node.Until, hold.ScanId, hold.Host, node.Name], CancellationToken.None) == 0)
            {
                hold.Lost = true;
                continue;
            }

            var answered = await StageItemsAsync(session, hold, lane, true);
            var unanswered = await StageItemsAsync(session, hold, lane, false);
            await session.ExecuteAsync(ScanSql.CountStagedInLane, [answered + unanswered, answered, hold.ScanId, hold.Host], CancellationToken.None);
            await session.ExecuteAsync(ScanSql.CountStagedInScan, [answered + unanswered, answered, hold.ScanId], CancellationToken.None);
        }

        foreach (var host in batch.SelectMany(r => r.Words).GroupBy(w => w.Host))
        {
            await LaneRecord.WriteAsync(session, host.Key, [.. host]);
        }

        await session.CommitAsync(CancellationToken.None);
    }

    private static async Task<int> StageItemsAsync(StatementSession session, LaneHold hold, IEnumerable<LookedUp> results, bool answered)
    {
        var state = answered ? ScanItemState.Answered : ScanItemState.Unanswered;
        var rows = results.Where(r => r.Answered == answered).Select(r => new object?[] { state, r.Staged, hold.ScanId, hold.Host, r.DomainId }).ToList();
        return rows.Count == 0 ? 0 : await session.ExecuteManyAsync(ScanSql.StageItem, rows, CancellationToken.None);
    }

    private readonly record struct Entry(LookedUp Result, TaskCompletionSource Over);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The database does not take results ({Error}); attempt {Attempt}, trying again")]
        public static partial void Waits(ILogger logger, string error, int attempt);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Count} results could not be written; their domains will be looked up again")]
        public static partial void GaveUp(ILogger logger, Exception exception, int count);
    }
}
