using System.Globalization;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Settings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Hosting;

/// <summary>The clock of the machine.</summary>
internal sealed class SystemGuardClock(TimeProvider time) : GuardClock
{
    public override DateTimeOffset Now => time.GetUtcNow();
}

/// <summary>
/// A clock that can be moved forward. How far it was moved is a row in the database, so that every process of the installation, and the next start, sees the same
/// time. Other processes notice within a second.
/// </summary>
internal sealed class MovableGuardClock(IDbContextFactory<GuardDb> dbs, TimeProvider time) : GuardClock, IDisposable
{
    private const string SettingName = "clock.offset";
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _closing = new();
    private long _offset;
    private int _disposed;

    public override DateTimeOffset Now => time.GetUtcNow() + Offset;

    /// <summary>How far it was moved.</summary>
    public TimeSpan Offset => TimeSpan.FromTicks(Interlocked.Read(ref _offset));

    /// <summary>Reads the offset and goes on reading it every second.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        await ReadAsync(cancel);
        _ = RefreshAsync();
    }

    /// <summary>Moves it on to an instant; never back. Who moved it is written beside it, where that is given.</summary>
    public async Task MoveToAsync(DateTimeOffset instant, AuditFact? fact, CancellationToken cancel)
    {
        var offset = (instant - time.GetUtcNow()).Ticks;
        if (offset <= Interlocked.Read(ref _offset))
        {
            return;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var value = offset.ToString(CultureInfo.InvariantCulture);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (await db.Settings.Where(s => s.Name == SettingName).ExecuteUpdateAsync(s => s.SetProperty(x => x.Value, value).SetProperty(x => x.Version, x => x.Version + 1), cancel) == 0)
        {
            db.Settings.Add(new Setting { Name = SettingName, Value = value });
        }

        if (fact is not null)
        {
            AuditTrail.Add(db, fact);
        }

        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        Interlocked.Exchange(ref _offset, offset);
    }

    /// <summary>Safe to repeat: the container knows it under two names.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _closing.Cancel();
            _closing.Dispose();
        }
    }

    private async Task RefreshAsync()
    {
        using var timer = new PeriodicTimer(RefreshEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token))
            {
                try
                {
                    await ReadAsync(_closing.Token);
                }
                catch (Exception e) when (GuardDatabase.Explain(e) is not null)
                {
                    // The clock goes on as it was; the next tick reads again.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Closing.
        }
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var value = await db.Settings.Where(s => s.Name == SettingName).Select(s => s.Value).FirstOrDefaultAsync(cancel);
        if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var offset))
        {
            Interlocked.Exchange(ref _offset, offset);
        }
    }
}
