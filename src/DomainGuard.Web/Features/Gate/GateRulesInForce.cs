using DomainGuard.Data;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Gate;

/// <summary>What the gate answers by.</summary>
/// <param name="Policy">The policy in force.</param>
/// <param name="ObserveOnly">The installation only observes.</param>
internal sealed record GateRulesNow(PolicyInForce Policy, bool ObserveOnly);

/// <summary>Knows the rules of the moment without asking the database for each answer: what an administrator changes is in force at the gate a second later.</summary>
internal sealed class GateRulesInForce(IDbContextFactory<GuardDb> dbs, PolicyStore policies, TimeProvider time)
{
    private static readonly TimeSpan Holds = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _reading = new(1, 1);
    private (GateRulesNow Rules, long ReadAt)? _known;

    /// <summary>The rules.</summary>
    public async ValueTask<GateRulesNow> CurrentAsync(CancellationToken cancel)
    {
        if (Known is { } known)
        {
            return known;
        }

        await _reading.WaitAsync(cancel);
        try
        {
            if (Known is { } read)
            {
                return read;
            }

            await using var db = await dbs.CreateDbContextAsync(cancel);
            var began = time.GetTimestamp();
            var rules = new GateRulesNow(await policies.CurrentAsync(cancel), await InstallationSettings.IsOnAsync(db, InstallationSettings.ObserveOnly, true, cancel));
            _known = (rules, began);
            return rules;
        }
        finally
        {
            _reading.Release();
        }
    }

    private GateRulesNow? Known => _known is { } known && time.GetElapsedTime(known.ReadAt) < Holds ? known.Rules : null;
}
