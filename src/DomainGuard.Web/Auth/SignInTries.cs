using System.Security.Cryptography;
using System.Text;
using DomainGuard.Data;
using DomainGuard.Data.Staff;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Auth;

/// <summary>Where the tries under a name stand.</summary>
/// <param name="Left">Tries left before the wait.</param>
/// <param name="LockedUntil">End of the wait (UTC); null when there is none.</param>
internal sealed record TriesLeft(int Left, DateTimeOffset? LockedUntil);

/// <summary>
/// Counts wrong passwords and codes by the name that was typed, whether or not somebody has it. A try is counted before it is looked at, so that many at the same moment, on however many
/// nodes, are never more than five. An administrator's lock is another thing (<see cref="GuardUser"/>), and passkeys, which cannot be guessed, are not held up by either count.
/// </summary>
internal sealed class SignInTries(IDbContextFactory<GuardDb> dbs, TimeProvider time)
{
    public const int Most = 5;
    public static readonly TimeSpan Wait = TimeSpan.FromMinutes(15);

    /// <summary>What of a name is kept.</summary>
    public static string Key(string normalizedName) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(normalizedName)));

    /// <summary>Counts a try as failed in advance.</summary>
    /// <returns>Null when it must not be looked at: the name waits; see <see cref="StandAsync"/>. Else where the tries stand should it fail.</returns>
    public async Task<TriesLeft?> TakeAsync(string normalizedName, CancellationToken cancel)
    {
        var key = Key(normalizedName);
        var now = time.GetUtcNow();
        var (until, forgotten) = (now + Wait, now - Wait);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        for (var attempt = 0; ; attempt++)
        {
            // Old failures are forgotten with the wait that they would have cost.
            await db.SignInTries.Where(t => t.LastAt <= forgotten && (t.LockedUntil == null || t.LockedUntil <= now)).ExecuteDeleteAsync(cancel);
            var counted = await db.SignInTries.Where(t => t.NameHash == key && t.Failures < Most)
                .ExecuteUpdateAsync(s => s.SetProperty(t => t.LockedUntil, t => t.Failures + 1 >= Most ? until : null).SetProperty(t => t.Failures, t => t.Failures + 1).SetProperty(t => t.LastAt, now), cancel);
            if (counted == 1)
            {
                return await ReadAsync(db, key, cancel);
            }

            if (attempt > 0 || await db.SignInTries.AnyAsync(t => t.NameHash == key, cancel))
            {
                return null;
            }

            db.SignInTries.Add(new SignInTry { NameHash = key, Failures = 1, LastAt = now });
            try
            {
                await db.SaveChangesAsync(cancel);
                return new TriesLeft(Most - 1, null);
            }
            catch (DbUpdateException)
            {
                // Another try under the same name was first: count this one too.
                db.ChangeTracker.Clear();
            }
        }
    }

    /// <summary>The password was right and a second factor is asked next: takes this one try back, and no other, so that codes cannot be guessed by repeating the password.</summary>
    public async Task GiveBackAsync(string normalizedName, CancellationToken cancel)
    {
        var key = Key(normalizedName);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await db.SignInTries.Where(t => t.NameHash == key && t.Failures > 0)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.Failures, t => t.Failures - 1).SetProperty(t => t.LockedUntil, (DateTimeOffset?)null), cancel);
    }

    /// <summary>Signed in: nothing is held against the name.</summary>
    public async Task ForgetAsync(string normalizedName, CancellationToken cancel)
    {
        var key = Key(normalizedName);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await db.SignInTries.Where(t => t.NameHash == key).ExecuteDeleteAsync(cancel);
    }

    /// <summary>Where the tries under a name stand now.</summary>
    public async Task<TriesLeft> StandAsync(string normalizedName, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await ReadAsync(db, Key(normalizedName), cancel);
    }

    private static async Task<TriesLeft> ReadAsync(GuardDb db, string key, CancellationToken cancel) =>
        await db.SignInTries.AsNoTracking().Where(t => t.NameHash == key).Select(t => new TriesLeft(Most - t.Failures, t.LockedUntil)).FirstOrDefaultAsync(cancel) ?? new TriesLeft(Most, null);
}
