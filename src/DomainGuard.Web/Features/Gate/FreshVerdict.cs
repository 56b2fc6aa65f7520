using System.Collections.Concurrent;
using DomainGuard.Data;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Gate;

/// <summary>
/// Brings what is known of a domain up to date while somebody waits: looks it up where that is wanted, and carries out what was found. However many wait for one domain, this process
/// does it once; and what takes longer than the caller waits goes on, so that the next one finds it. (Several nodes may each ask once: the lanes keep the upstream's rate all the same.)
/// </summary>
internal sealed partial class FreshVerdict(IDbContextFactory<GuardDb> dbs, LookUpNow lookUp, ApplyFindings findings, TimeProvider time, ILogger<FreshVerdict> log)
{
    /// <summary>So many domains at once: whoever comes then is answered by what is known, instead of piling up behind a slow upstream.</summary>
    private const int MostAtOnce = 1_000;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<(long Domain, bool LooksUp), Lazy<Task<bool>>> _flights = new();

    /// <summary>Does it, at most as long as there is patience. True when an answer came in that time, where one was wanted.</summary>
    /// <param name="domainId">The domain.</param>
    /// <param name="looksUp">False only carries out what was found already.</param>
    /// <param name="seenTriedAt">When the domain had last been tried, as the caller read it: tried since, it is not looked up again.</param>
    /// <param name="patience">How long the caller waits.</param>
    /// <param name="cancel">The caller went away.</param>
    public async Task<bool> TryAsync(long domainId, bool looksUp, DateTimeOffset? seenTriedAt, TimeSpan patience, CancellationToken cancel)
    {
        var key = (domainId, looksUp);
        if (patience <= TimeSpan.Zero || (_flights.Count >= MostAtOnce && !_flights.ContainsKey(key)))
        {
            return false;
        }

        var flight = _flights.GetOrAdd(key, k => new Lazy<Task<bool>>(() => Task.Run(() => FlyAsync(k, seenTriedAt), CancellationToken.None)));
        try
        {
            return await flight.Value.WaitAsync(patience, time, cancel);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task<bool> FlyAsync((long Domain, bool LooksUp) key, DateTimeOffset? seenTriedAt)
    {
        using var end = new CancellationTokenSource(Longest, time);
        try
        {
            var answered = key.LooksUp && (await SinceAsync(key.Domain, seenTriedAt, end.Token) ?? await lookUp.ExecuteAsync(key.Domain, end.Token));
            await CarryOutAsync(key.Domain, end.Token);
            return answered;
        }
        catch (Exception e)
        {
            // Whatever went wrong, who waits is answered by what is known. A mark stays: the next portion takes it up.
            Log.NotInTime(log, e, key.Domain);
            return false;
        }
        finally
        {
            _flights.TryRemove(key, out _);
        }
    }

    // A caller who read the domain just before another one's answer was written comes here just after it. Null when nobody tried since.
    private async Task<bool?> SinceAsync(long domainId, DateTimeOffset? seenTriedAt, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var times = await db.Domains.Where(d => d.Id == domainId).Select(d => new { d.LastTriedAt, d.LastAnsweredAt }).FirstOrDefaultAsync(cancel);
        return times?.LastTriedAt is { } tried && tried != seenTriedAt ? times.LastAnsweredAt >= tried : null;
    }

    // Taken out of the portion that it waits in: one address whose owner, or somebody else, stands at the door does not wait for the end of a scan. The brake counts it all the same.
    private async Task CarryOutAsync(long domainId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.Domains.AnyAsync(d => d.Id == domainId && d.FindingsDueAt != null, cancel))
        {
            await db.Domains.Where(d => d.Id == domainId && d.FindingsDueAt != null && d.FindingsScanId != null)
                .ExecuteUpdateAsync(s => s.SetProperty(d => d.FindingsScanId, (long?)null).SetProperty(d => d.Version, d => d.Version + 1), cancel);
            await findings.ExecuteAsync(null, cancel);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Domain {Domain} could not be brought up to date while the gate waited")]
        public static partial void NotInTime(ILogger logger, Exception exception, long domain);
    }
}
