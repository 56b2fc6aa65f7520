using System.Collections.Concurrent;
using System.Security.Cryptography;
using DomainGuard.Data;
using DomainGuard.Data.Api;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Api;

/// <summary>What a secret turned out to be.</summary>
internal abstract record KeyFound
{
    /// <summary>A key that is in force.</summary>
    internal sealed record InForce(Guid Id, string Name, ApiScopes Scopes) : KeyFound;

    /// <summary>No key.</summary>
    internal sealed record Unknown : KeyFound;

    /// <summary>A key whose time is over.</summary>
    internal sealed record Expired : KeyFound;

    /// <summary>A key that was taken back.</summary>
    internal sealed record Revoked : KeyFound;

    /// <summary>Too many wrong ones came from there.</summary>
    internal sealed record Throttled(TimeSpan RetryAfter) : KeyFound;
}

/// <summary>
/// Knows the key behind a secret without asking the database each time: what it remembers holds for five seconds, so that a key that was revoked on another node opens nothing for
/// longer. Secrets are looked up by their hash; what is no key is not remembered, and who brings many such is not looked up for.
/// </summary>
internal sealed partial class KnownKeys(IDbContextFactory<GuardDb> dbs, IOptions<DomainGuardOptions> options, TimeProvider time, ILogger<KnownKeys> log)
{
    private const int Most = 10_000;

    /// <summary>How long it is sure of what it read.</summary>
    internal static readonly TimeSpan Holds = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan UseAgain = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly RequestRate _failures = new(options.Value.Api.FailuresPerMinute, time);
    private readonly byte[]? _demonstration = options.Value.IsSimulated ? ApiSecret.Hash(options.Value.Demo.ApiKey) : null;

    /// <summary>Looks a secret up.</summary>
    /// <param name="secret">As the caller sent it.</param>
    /// <param name="neighbourhood">Where he sits, for counting wrong ones.</param>
    /// <param name="cancel">Cancels.</param>
    public async ValueTask<KeyFound> FindAsync(string secret, string neighbourhood, CancellationToken cancel)
    {
        if (_demonstration is not null && CryptographicOperations.FixedTimeEquals(ApiSecret.Hash(secret), _demonstration))
        {
            return new KeyFound.InForce(Guid.Empty, "Demonstration", ApiScope.Every);
        }

        if (!ApiSecret.IsOne(secret))
        {
            return Failed(neighbourhood);
        }

        var hash = ApiSecret.Hash(secret);
        var name = Convert.ToHexString(hash);
        var wasKnown = _known.TryGetValue(name, out var known);
        if (!wasKnown || time.GetElapsedTime(known!.ReadAt) >= Holds)
        {
            if (!wasKnown && _failures.Look(neighbourhood) is { Taken: false, RetryAfter: var later })
            {
                return new KeyFound.Throttled(later);
            }

            known = await ReadAsync(name, hash, cancel);
        }

        return known switch
        {
            null => Failed(neighbourhood),
            { RevokedAt: not null } => new KeyFound.Revoked(),
            { ExpiresAt: { } ends } when ends <= time.GetUtcNow() => new KeyFound.Expired(),
            _ => known.Found,
        };
    }

    /// <summary>Forgets what it knows of a key that was changed, in this process.</summary>
    public void Forget(Guid id)
    {
        foreach (var (name, known) in _known.Where(k => k.Value.Found.Id == id))
        {
            _known.TryRemove(KeyValuePair.Create(name, known));
        }
    }

    private KeyFound Failed(string neighbourhood) => _failures.Take(neighbourhood) is { Taken: false, RetryAfter: var later } ? new KeyFound.Throttled(later) : new KeyFound.Unknown();

    private async Task<Known?> ReadAsync(string name, byte[] hash, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var key = await db.ApiKeys.AsNoTracking().FirstOrDefaultAsync(k => k.SecretHash == hash, cancel);
        if (key is null)
        {
            _known.TryRemove(name, out _);
            return null;
        }

        var known = new Known(new KeyFound.InForce(key.Id, key.Name, key.Scopes), key.ExpiresAt, key.RevokedAt, began);
        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        _known[name] = known;
        var now = time.GetUtcNow();
        if (key.RevokedAt is null && !(key.ExpiresAt <= now) && !(key.LastUsedAt > now - UseAgain))
        {
            await NoteUseAsync(db, key.Id, now, cancel);
        }

        return known;
    }

    // That it could not be noted is no reason to refuse a key.
    private async Task NoteUseAsync(GuardDb db, Guid id, DateTimeOffset now, CancellationToken cancel)
    {
        try
        {
            await db.ApiKeys.Where(k => k.Id == id && (k.LastUsedAt == null || k.LastUsedAt < now)).ExecuteUpdateAsync(s => s.SetProperty(k => k.LastUsedAt, now), cancel);
        }
        catch (System.Data.Common.DbException e)
        {
            Log.UseNotNoted(log, id, e);
        }
    }

    private sealed record Known(KeyFound.InForce Found, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, long ReadAt);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "That API key {Key} was used could not be written down")]
        public static partial void UseNotNoted(ILogger logger, Guid key, Exception exception);
    }
}
