using System.Diagnostics;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Tests.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Findings;

/// <summary>The real executable, killed without warning again and again while it carries out what its scan found.</summary>
public sealed class KilledFindingsTests
{
    private const int Gone = 600;

    public static TheoryData<DatabaseProvider, bool> Portions => new(FindingsWorld.Providers.SelectMany(p => new[] { (p.Data, false), (p.Data, true) }));

    /// <summary>The scan is over when it dies first; every life after that finds nothing due and goes on with what the dead left, under the decision that was written down of it.</summary>
    [Theory]
    [MemberData(nameof(Portions))]
    public async Task Findings_killed_again_and_again_are_carried_out_once_and_pass_or_wait_as_one_portion(DatabaseProvider provider, bool brakes)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await using var rdap = await CountingUpstream.StartAsync(TimeSpan.Zero);
        await using var research = await CountingUpstream.StartAsync(TimeSpan.Zero);
        rdap.IsGone = research.IsGone = name => int.Parse(name[1..^6], System.Globalization.CultureInfo.InvariantCulture) <= Gone;
        world.Scans.Clock.Time = TimeProvider.System.GetUtcNow().AddDays(-3);
        await world.AddAsync(Enumerable.Range(1, Gone + 20).Select(i => $"d{i}.bench"));
        if (!brakes)
        {
            await world.Scans.ChangePolicyAsync(("brake.perDay", Gone.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        foreach (var (scope, left) in new[] { ("--all", 0.8), ("--due", 0.5), ("--due", 0.2) })
        {
            using var victim = Start(world, rdap, research, scope);
            await Executable.KillWhenAsync(victim, async () =>
            {
                await using var db = await world.OpenAsync();
                var (ended, marked) = (await db.Scans.AllAsync(s => s.EndedAt != null), await db.Domains.CountAsync(d => d.FindingsDueAt != null));
                if (!ended || marked == 0 || marked > Gone * left)
                {
                    return false;
                }

                await Task.Delay(Random.Shared.Next(40));
                return true;
            });
        }

        Assert.InRange(await world.CountAsync(db => db.Domains.Where(d => d.FindingsDueAt != null)), 1, Gone); // really in the middle
        using var heir = Start(world, rdap, research, "--due");
        Assert.Equal(0, (await Executable.EndAsync(heir)).Exit);

        Assert.Equal(Gone + 20, rdap.Total); // nothing was looked up again for it
        await using var after = await world.OpenAsync();
        Assert.Equal((brakes ? 0 : Gone, Gone), (await after.Addresses.CountAsync(a => a.State == AddressState.Unverified), await after.Cases.CountAsync()));
        Assert.Equal(Gone, await after.Cases.CountAsync(c => c.State == (brakes ? CaseState.NeedsReview : CaseState.Unverified)));
        Assert.Equal((Gone, Gone), (await after.Decisions.CountAsync(), await after.AuditEntries.CountAsync(e => e.CaseId != null)));
        Assert.Equal(brakes ? [(BatchState.Waiting, Gone)] : [], (await after.Batches.Select(b => new { b.State, b.Count }).ToListAsync()).Select(b => (b.State, b.Count)));
        Assert.Equal(brakes ? 1 : 0, await after.AuditEntries.CountAsync(e => e.Action == AuditAction.BatchBraked));
        Assert.Equal(TurnState.Idle, await after.FindingsTurns.Select(t => t.State).SingleAsync());
        await world.AssertWholeAsync();
        Assert.Equal(0, await after.AuditEntries.CountAsync(e => e.Sequence == null));
        using var auditor = Executable.Start(world.Scans.Database, "audit", "verify");
        Assert.Equal(0, (await Executable.EndAsync(auditor)).Exit);
    }

    private static Process Start(FindingsWorld world, CountingUpstream rdap, CountingUpstream research, string scope) => Executable.Start(
        world.Scans.Database,
        "scan",
        scope,
        "--json",
        $"--DomainGuard:Lookups:AllowedPrivateHosts:0={rdap.Host}",
        $"--DomainGuard:Lookups:AllowedPrivateHosts:1={research.Host}",
        $"--DomainGuard:Lookups:Rdap:BootstrapUrl=http://{rdap.Host}/dns.json",
        $"--DomainGuard:Lookups:Rdap:Overrides:bench=http://{rdap.Host}/",
        "--DomainGuard:Lookups:Fastly:Enabled=true",
        $"--DomainGuard:Lookups:Fastly:BaseUrl=http://{research.Host}/",
        "--DomainGuard:Lookups:Fastly:ApiKey=k",
        "--DomainGuard:Lookups:Dns:Enabled=false",
        "--DomainGuard:Lookups:Lanes:Default:PerSecond=100000",
        "--DomainGuard:Lookups:Lanes:Default:InFlight=24");
}
