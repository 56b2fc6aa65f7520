using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Policies;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Policy;

/// <summary>A version of the policy, ready to be applied.</summary>
/// <param name="Version">Its number.</param>
/// <param name="Policy">The rules.</param>
public sealed record PolicyInForce(int Version, GuardPolicy Policy);

/// <summary>Gives out the versions of the policy. A version never changes, so each is read once per process.</summary>
internal sealed class PolicyStore(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<int, GuardPolicy> _read = new();

    /// <summary>The version in force. The first one, the defaults, is written when there is none.</summary>
    public async Task<PolicyInForce> CurrentAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.PolicyVersions.MaxAsync(p => (int?)p.Version, cancel) is { } latest)
        {
            return await GetAsync(latest, cancel);
        }

        db.PolicyVersions.Add(new PolicyVersion { Version = 1, Json = GuardPolicy.Default.ToJson(), SavedAt = clock.Now, Comment = "The defaults." });
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateException)
        {
            // Another process was first.
        }

        return await GetAsync(1, cancel);
    }

    /// <summary>A certain version.</summary>
    /// <exception cref="InvalidOperationException">There is none with that number.</exception>
    public async Task<PolicyInForce> GetAsync(int version, CancellationToken cancel)
    {
        if (!_read.TryGetValue(version, out var policy))
        {
            await using var db = await dbs.CreateDbContextAsync(cancel);
            var json = await db.PolicyVersions.Where(p => p.Version == version).Select(p => p.Json).SingleAsync(cancel);
            policy = _read.GetOrAdd(version, _ => GuardPolicy.Parse(json));
        }

        return new PolicyInForce(version, policy);
    }
}
