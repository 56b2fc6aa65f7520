using System.Data.Common;
using System.Threading.Channels;
using DomainGuard.Core.Cases;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Gate;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Gate;

/// <summary>An answer that is to be recorded.</summary>
/// <param name="Check">The answer.</param>
/// <param name="Denial">What the audit trail hears of it; null when it was no refusal.</param>
/// <param name="Knocks">The case that somebody knocked at; null when nobody did.</param>
internal sealed record RecordedCheck(RecoveryCheck Check, AuditFact? Denial, long? Knocks);

/// <summary>
/// Records answers before they are given. Those that come together share one transaction: while one is written the next gather, so that a flood costs as many transactions as the
/// database can do, not as many as there are questions. An answer that could not be recorded is not given.
/// </summary>
internal sealed class RecordChecks(IDbContextFactory<GuardDb> dbs) : IAsyncDisposable
{
    private const int MostAtOnce = 256;
    private const int MostAttempts = 5;

    // Answers after which SQLite's log is written back: some megabytes, far from where a commit would have to do it.
    private const int WriteBackAfter = 512;

    private static readonly TimeSpan KnockAgain = TimeSpan.FromDays(1);

    private static readonly BulkTable Checks = new(
        "RecoveryCheck",
        ("Id", SqlKind.Key), ("At", SqlKind.Instant), ("AskedByKind", SqlKind.Number), ("AskedBy", SqlKind.Text), ("IsPreview", SqlKind.Bool), ("AccountId", SqlKind.Key), ("AddressId", SqlKind.Key),
        ("DomainId", SqlKind.Key), ("CaseId", SqlKind.Key), ("Decision", SqlKind.Number), ("Reason", SqlKind.Number), ("WouldAnswer", SqlKind.Number), ("Phase", SqlKind.Number),
        ("HandChange", SqlKind.Number), ("EvidenceAt", SqlKind.Instant), ("LookedUp", SqlKind.Bool), ("Stale", SqlKind.Bool), ("PolicyVersion", SqlKind.Number), ("DurationMs", SqlKind.Number),
        ("Action", SqlKind.Number), ("ActionAt", SqlKind.Instant));

    private readonly Channel<Entry> _queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(8 * MostAtOnce) { SingleReader = true });
    private readonly Lock _starting = new();
    private Task? _loop;
    private Task _writingBack = Task.CompletedTask;
    private int _notWrittenBack;

    /// <summary>Records one; returns when it is committed.</summary>
    /// <exception cref="DbException">The database did not take it.</exception>
    public async Task WriteAsync(RecordedCheck check, CancellationToken cancel)
    {
        if (_loop is null)
        {
            lock (_starting)
            {
                _loop ??= Task.Run(LoopAsync, CancellationToken.None);
            }
        }

        var entry = new Entry(check, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await _queue.Writer.WriteAsync(entry, cancel);
        await entry.Written.Task.WaitAsync(cancel);
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

    private async Task LoopAsync()
    {
        StatementSession? session = null;
        var batch = new List<Entry>(MostAtOnce);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (batch.Count < MostAtOnce && _queue.Reader.TryRead(out var entry))
            {
                batch.Add(entry);
            }

            session = await WriteAsync(session, batch);
            _notWrittenBack += batch.Count;
            batch.Clear();
            if (_notWrittenBack >= WriteBackAfter && _writingBack.IsCompleted && session?.Db.Database.IsSqlite() == true)
            {
                _notWrittenBack = 0;
                _writingBack = Task.Run(WriteBackAsync);
            }
        }

        await _writingBack;

        if (session is not null)
        {
            await session.DisposeAsync();
        }
    }

    // SQLite writes its log back into the file in the commit that makes it too long, and everybody waits for that. So a connection of its own does it, a little at a time and beside
    // the next commits (https://sqlite.org/wal.html, "Performance Considerations"). Where it fails, a commit does it as ever.
    private async Task WriteBackAsync()
    {
        try
        {
            await using var db = await dbs.CreateDbContextAsync();
            await db.Database.ExecuteSqlRawAsync("PRAGMA wal_checkpoint(PASSIVE)");
        }
        catch (DbException)
        {
            // Tried again after the next answers.
        }
    }

    // Whatever happens, everybody who waits hears of it and the loop lives on.
    private async Task<StatementSession?> WriteAsync(StatementSession? session, List<Entry> batch)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                session ??= await StatementSession.OpenAsync(dbs, CancellationToken.None);
                await CommitAsync(session, batch);
                batch.ForEach(e => e.Written.SetResult());
                return session;
            }
            catch (Exception e)
            {
                if (session is not null)
                {
                    await session.DisposeAsync();
                    session = null;
                }

                if (attempt == MostAttempts || !(e is DbUpdateException || Patience.IsTransient(e)))
                {
                    batch.ForEach(x => x.Written.SetException(e));
                    return null;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20 << attempt));
            }
        }
    }

    private static async Task CommitAsync(StatementSession session, List<Entry> batch)
    {
        await session.BeginAsync(CancellationToken.None);
        try
        {
            await session.InsertAsync(Checks, batch.ConvertAll(e => Row(e.Check.Check)), CancellationToken.None);
            await session.InsertAsync(AuditSql.Entries, [.. batch.Select(e => e.Check.Denial).OfType<AuditFact>().Select(f => AuditSql.Row(AuditTrail.Entry(f)))], CancellationToken.None);
            await KnockAsync(session.Db, batch);
            await session.CommitAsync(CancellationToken.None);
        }
        finally
        {
            session.Db.ChangeTracker.Clear();
            await session.RollbackAsync();
        }
    }

    // Somebody knocks: the case rises in the queue, once a day; nobody's decision is disturbed by it.
    private static async Task KnockAsync(GuardDb db, List<Entry> batch)
    {
        var knocked = batch.Where(e => e.Check.Knocks is not null).GroupBy(e => e.Check.Knocks!.Value).ToDictionary(g => g.Key, g => g.Max(e => e.Check.Check.At));
        if (knocked.Count == 0)
        {
            return;
        }

        var ids = knocked.Keys.ToArray();
        foreach (var @case in await db.Cases.AsTracking().Where(c => EF.Parameter(ids).Contains(c.Id)).ToListAsync(CancellationToken.None))
        {
            var at = knocked[@case.Id];
            if (@case.KnockedAt > at - KnockAgain)
            {
                continue;
            }

            @case.Points += @case.KnockedAt > at - SeverityScale.KnockLasts ? 0 : SeverityScale.Knock;
            @case.Severity = SeverityScale.Of(@case.Points);
            @case.KnockedAt = at;
            @case.NoteSame();
            @case.Version++;
        }

        await db.SaveChangesAsync(CancellationToken.None);
    }

    private static object?[] Row(RecoveryCheck c) =>
    [
        c.Id, c.At, c.AskedByKind, c.AskedBy, c.IsPreview, c.AccountId, c.AddressId, c.DomainId, c.CaseId, c.Decision, c.Reason, c.WouldAnswer, c.Phase, c.HandChange, c.EvidenceAt, c.LookedUp, c.Stale,
        c.PolicyVersion, c.DurationMs, c.Action, c.ActionAt,
    ];

    private readonly record struct Entry(RecordedCheck Check, TaskCompletionSource Written);
}
