using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Api;
using DomainGuard.Data.Audit;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Api;

/// <summary>What became of a change of keys.</summary>
internal abstract record KeyOutcome
{
    /// <summary>A key is there.</summary>
    /// <param name="Id">Its public part.</param>
    /// <param name="Secret">Told this once and kept nowhere.</param>
    internal sealed record Made(Guid Id, string Secret) : KeyOutcome;

    /// <summary>It opens nothing any more.</summary>
    internal sealed record Revoked : KeyOutcome;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : KeyOutcome;

    internal static readonly Refused NeedsAdministrator = new("This needs the role Administrator.");
}

/// <summary>Makes a key of the API.</summary>
internal sealed class CreateKey(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    /// <summary>The longest that a key may live, in days.</summary>
    internal const int MostDays = 3_650;

    /// <summary>Makes it.</summary>
    /// <param name="by">Who.</param>
    /// <param name="name">What it is called, 1 to 100 characters.</param>
    /// <param name="scopes">What it may do: names of <see cref="ApiScope"/>, at least one.</param>
    /// <param name="days">How long it lives; null for no end.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<KeyOutcome> ExecuteAsync(StaffMember by, string name, IReadOnlyCollection<string> scopes, int? days, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return KeyOutcome.NeedsAdministrator;
        }

        name = name.Trim();
        if (!KeptText.IsName(name, 100))
        {
            return new KeyOutcome.Refused("Name the key, in at most 100 characters of text, by what uses it.");
        }

        if (ApiScope.Of(scopes) is not { } set || set == ApiScopes.None)
        {
            return new KeyOutcome.Refused("Choose at least one scope.");
        }

        if (days is < 1 or > MostDays)
        {
            return new KeyOutcome.Refused(string.Create(CultureInfo.InvariantCulture, $"A key lives 1 to {MostDays} days, or without an end."));
        }

        var now = time.GetUtcNow();
        var (key, secret) = New(name, set, by.Id, now, days is { } d ? now.AddDays(d) : null, null);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        db.ApiKeys.Add(key);
        AuditTrail.Add(db, new AuditFact(AuditAction.KeyCreated, by.Actor, clock.Now)
        {
            Subject = Subject(key.Id),
            Changes = [("name", null, name), ("scopes", null, string.Join(' ', ApiScope.Names(set))), ("expires", null, key.ExpiresAt)],
        });
        await db.SaveChangesAsync(cancel);
        return new KeyOutcome.Made(key.Id, secret);
    }

    internal static (ApiKey Key, string Secret) New(string name, ApiScopes scopes, Guid by, DateTimeOffset now, DateTimeOffset? expires, Guid? from)
    {
        var secret = ApiSecret.Make();
        return (new ApiKey
        {
            Id = Guid.CreateVersion7(now),
            Name = name,
            Hint = ApiSecret.Hint(secret),
            SecretHash = ApiSecret.Hash(secret),
            Scopes = scopes,
            CreatedAt = now,
            CreatedBy = by,
            ExpiresAt = expires,
            RotatedFrom = from,
            Version = 1,
        }, secret);
    }

    /// <summary>A key in the audit trail.</summary>
    internal static string Subject(Guid id) => $"key {id:D}";
}

/// <summary>Gives a key a successor with the same name and scopes; the old one goes on for as long as the platform needs to change over.</summary>
internal sealed class RotateKey(IDbContextFactory<GuardDb> dbs, KnownKeys known, GuardClock clock, TimeProvider time)
{
    /// <summary>The longest overlap.</summary>
    internal static readonly TimeSpan MostOverlap = TimeSpan.FromDays(30);

    /// <summary>Rotates it.</summary>
    /// <param name="by">Who.</param>
    /// <param name="id">The key.</param>
    /// <param name="overlap">How long the old one goes on, up to 30 days; zero ends it at once.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<KeyOutcome> ExecuteAsync(StaffMember by, Guid id, TimeSpan overlap, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return KeyOutcome.NeedsAdministrator;
        }

        if (overlap < TimeSpan.Zero || overlap > MostOverlap)
        {
            return new KeyOutcome.Refused("The old key goes on for 0 to 30 days.");
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var now = time.GetUtcNow();
        if (await db.ApiKeys.FirstOrDefaultAsync(k => k.Id == id, cancel) is not { RevokedAt: null } old || old.ExpiresAt <= now)
        {
            return new KeyOutcome.Refused("This key is not in force any more. Make a new one.");
        }

        if (await db.ApiKeys.AnyAsync(k => k.RotatedFrom == id, cancel))
        {
            return new KeyOutcome.Refused("This key has a successor already. Rotate that one.");
        }

        // The successor lives as long as the old one was meant to.
        var life = old.ExpiresAt - old.CreatedAt;
        var (key, secret) = CreateKey.New(old.Name, old.Scopes, by.Id, now, now + life, old.Id);
        var ends = now + overlap;
        old.ExpiresAt = old.ExpiresAt < ends ? old.ExpiresAt : ends;
        old.Version++;
        db.ApiKeys.Add(key);
        AuditTrail.Add(db, new AuditFact(AuditAction.KeyRotated, by.Actor, clock.Now)
        {
            Subject = CreateKey.Subject(old.Id),
            Changes = [("successor", null, key.Id.ToString("D")), ("expires", null, old.ExpiresAt)],
        });
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateConcurrencyException)
        {
            return new KeyOutcome.Refused("Somebody else changed this key in the same moment. Nothing was changed by you.");
        }

        known.Forget(old.Id);
        return new KeyOutcome.Made(key.Id, secret);
    }
}

/// <summary>Takes a key back: it opens nothing any more, here at once, on other nodes within five seconds.</summary>
internal sealed class RevokeKey(IDbContextFactory<GuardDb> dbs, KnownKeys known, GuardClock clock, TimeProvider time)
{
    /// <summary>Takes it back.</summary>
    public async Task<KeyOutcome> ExecuteAsync(StaffMember by, Guid id, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return KeyOutcome.NeedsAdministrator;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var now = time.GetUtcNow();
        if (await db.ApiKeys.Where(k => k.Id == id && k.RevokedAt == null)
            .ExecuteUpdateAsync(s => s.SetProperty(k => k.RevokedAt, now).SetProperty(k => k.Version, k => k.Version + 1), cancel) == 0)
        {
            return new KeyOutcome.Refused("This key was taken back already.");
        }

        AuditTrail.Add(db, new AuditFact(AuditAction.KeyRevoked, by.Actor, clock.Now) { Subject = CreateKey.Subject(id), Changes = [("revoked", false, true)] });
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        known.Forget(id);
        return new KeyOutcome.Revoked();
    }
}

/// <summary>A key as the list shows it.</summary>
public sealed record KeyRow(Guid Id, string Name, string Hint, ApiScopes Scopes, DateTimeOffset CreatedAt, string? CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
{
    /// <summary>It opens something.</summary>
    public bool IsInForce(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);
}

/// <summary>Reads keys. Their number is small: a platform has a handful.</summary>
internal sealed class KeyQueries(IDbContextFactory<GuardDb> dbs)
{
    private const int Most = 200;

    /// <summary>The newest 200.</summary>
    public async Task<IReadOnlyList<KeyRow>> ListAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.ApiKeys.AsNoTracking().OrderByDescending(k => k.CreatedAt).ThenBy(k => k.Name).Take(Most)
            .Select(k => new KeyRow(k.Id, k.Name, k.Hint, k.Scopes, k.CreatedAt, db.Users.Where(u => u.Id == k.CreatedBy).Select(u => u.DisplayName).FirstOrDefault(), k.ExpiresAt, k.LastUsedAt, k.RevokedAt))
            .ToListAsync(cancel);
    }
}
