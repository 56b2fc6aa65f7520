using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Settings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Audit;

/// <summary>What the last verification of the chain in the database found.</summary>
/// <param name="At">When (UTC).</param>
/// <param name="UpTo">Number of the last good entry.</param>
/// <param name="Fault">What is wrong; null when nothing is.</param>
internal sealed record ChainStatus(DateTimeOffset At, long UpTo, ChainFault? Fault);

/// <summary>Keeps it in the database, and gives it to every page of every circuit from one query in some seconds.</summary>
internal sealed class ChainStatusStore(IDbContextFactory<GuardDb> dbs, TimeProvider time)
{
    private const string SettingName = "audit.verified";
    private const int MostWords = 1_000;
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(5);
    private (long At, ChainStatus? Value)? _kept;

    /// <summary>The latest; null when it was never verified.</summary>
    public async Task<ChainStatus?> GetAsync(CancellationToken cancel)
    {
        if (_kept is { } kept && time.GetElapsedTime(kept.At) < Keep)
        {
            return kept.Value;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var json = await db.Settings.AsNoTracking().Where(s => s.Name == SettingName).Select(s => s.Value).FirstOrDefaultAsync(cancel);
        var value = json is null ? null : JsonSerializer.Deserialize<ChainStatus>(json);
        _kept = (time.GetTimestamp(), value);
        return value;
    }

    /// <summary>Sets it in the caller's context, without saving.</summary>
    public async Task SetAsync(GuardDb db, ChainStatus status, CancellationToken cancel)
    {
        var kept = status.Fault is { Words.Length: > MostWords } fault ? status with { Fault = fault with { Words = fault.Words[..MostWords] } } : status;
        var json = JsonSerializer.Serialize(kept);
        if (await db.Settings.FindAsync([SettingName], cancel) is { } setting)
        {
            setting.Value = json;
            setting.Version++;
        }
        else
        {
            db.Settings.Add(new Setting { Name = SettingName, Value = json, Version = 1 });
        }

        _kept = null;
    }
}
