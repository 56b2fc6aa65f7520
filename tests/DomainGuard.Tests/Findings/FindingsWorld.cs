using System.Collections.Concurrent;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Lookups;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Findings;

/// <summary>What RDAP and DNS say of a domain.</summary>
public enum Life
{
    InOrder,

    /// <summary>In redemption, by both.</summary>
    Redemption,

    /// <summary>In redemption by RDAP, while DNS fails.</summary>
    RedemptionByOne,

    /// <summary>In its last days, by both.</summary>
    PendingDelete,

    /// <summary>Gone, by both.</summary>
    Released,

    /// <summary>Registered anew, with other name servers.</summary>
    Reregistered,

    /// <summary>On a parking operator's servers.</summary>
    Parked,

    /// <summary>Past its date.</summary>
    Expired,

    /// <summary>Past its date, on other name servers.</summary>
    ExpiredAndMoved,

    /// <summary>Nobody answers.</summary>
    Silent,

    /// <summary>In order at another registrar and on other name servers, and no transfer is shown.</summary>
    Bought,

    /// <summary>The same once more: at a third, on others again.</summary>
    BoughtAgain,
}

/// <summary>Scans with two upstreams whose word on each domain a test decides, on SQLite or PostgreSQL.</summary>
internal sealed class FindingsWorld : IAsyncDisposable
{
    private static readonly DateTimeOffset Registered = new(2019, 4, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ConcurrentDictionary<string, (Life Life, DateTimeOffset Since)> _lives = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _ends = new(StringComparer.Ordinal);

    private FindingsWorld(ScanWorld scans) => Scans = scans;

    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql];

    public static StaffMember Administrator { get; } = new(new Guid("00000000-0000-0000-0000-00000000000a"), "Ada", new HashSet<string> { Roles.Administrator }, "127.0.0.1");

    public static StaffMember Analyst { get; } = new(new Guid("00000000-0000-0000-0000-00000000000b"), "Ben", new HashSet<string> { Roles.Analyst }, "127.0.0.1");

    public ScanWorld Scans { get; }

    public DateTimeOffset Now => Scans.Clock.Now;

    public static async Task<FindingsWorld> CreateAsync(DatabaseProvider provider)
    {
        var (rdap, dns) = (new ScriptedSource(), new ScriptedSource(SourceKind.Dns));
        var world = new FindingsWorld(provider == DatabaseProvider.Sqlite ? await ScanWorld.CreateAsync(rdap, dns) : await ScanWorld.CreateOnPostgresAsync(rdap, dns));
        rdap.Answer = world.Rdap;
        dns.Answer = world.Dns;
        return world;
    }

    public T Get<T>()
        where T : notnull => Scans.Get<T>();

    public Task<Data.GuardDb> OpenAsync() => Scans.OpenAsync();

    /// <summary>Takes in domains in order, and scans them: their baselines are there.</summary>
    public async Task AddAsync(params IEnumerable<string> names)
    {
        await Scans.AddAsync(names);
        await Scans.ScanAsync();
        await PassAsync(TimeSpan.FromDays(2));
    }

    /// <summary>Names d1.com, d2.com and so on.</summary>
    public static IEnumerable<string> Names(int count) => Enumerable.Range(1, count).Select(i => $"d{i}.com");

    /// <summary>More addresses in a domain, each of an account of its own.</summary>
    public async Task AddAddressesAsync(string name, int count)
    {
        await using var db = await OpenAsync();
        var domain = await db.Domains.SingleAsync(d => d.Name == name);
        var ids = Get<Data.IdAllocator>();
        var account = await ids.ReserveAsync(Data.IdAllocator.Account, count, CancellationToken.None);
        var address = await ids.ReserveAsync(Data.IdAllocator.Address, count, CancellationToken.None);
        for (var i = 0; i < count; i++)
        {
            db.Add(new Account { Id = account + i, ExternalId = $"{name}-{i}", SortName = $"{name}-{i}", AddressCount = 1, AddedAt = Now, ChangedAt = Now, Version = 1 });
            db.Add(new Address
            {
                Id = address + i,
                AccountId = account + i,
                DomainId = domain.Id,
                Email = $"m{i}@{name}",
                SearchEmail = $"m{i}@{name}",
                MailHost = name,
                IsPrimary = true,
                VerifiedAt = Now.AddYears(-1),
                BaselineFrom = Now.AddDays(-10),
                AddedAt = Now,
                Version = 1,
            });
        }

        domain.AddressCount += count;
        domain.Version++;
        await db.SaveChangesAsync();
    }

    public void Say(Life life, params IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            _lives[name] = (life, Now);
        }
    }

    /// <summary>A domain in order whose term ends then.</summary>
    public void Ends(string name, DateTimeOffset at) => _ends[name] = at;

    public Task PassAsync(TimeSpan time)
    {
        Scans.Clock.Time += time;
        return Task.CompletedTask;
    }

    /// <summary>Says it, and scans everything.</summary>
    public async Task FindAsync(Life life, params IEnumerable<string> names)
    {
        Say(life, names);
        await PassAsync(TimeSpan.FromHours(7));
        await Scans.ScanAsync();
    }

    public async Task<Case?> CaseAsync(string name)
    {
        await using var db = await OpenAsync();
        return await db.Cases.AsNoTracking().SingleOrDefaultAsync(c => c.Domain!.Name == name && (c.AddressId == null || c.Address!.Email == "a@" + name));
    }

    public async Task<AddressState> AddressAsync(string name)
    {
        await using var db = await OpenAsync();
        return await db.Addresses.Where(a => a.Email == "a@" + name).Select(a => a.State).SingleAsync();
    }

    /// <summary>A person's decision, in short.</summary>
    public async Task DecideAsync(string name, CaseEvent what, DateTimeOffset? until = null)
    {
        await PassAsync(TimeSpan.FromMinutes(1));
        await using var db = await OpenAsync();
        var @case = await db.Cases.Include(c => c.Address).SingleAsync(c => c.Domain!.Name == name && (c.AddressId == null || c.Address!.Email == "a@" + name));
        var step = CaseSteps.Take(@case, @case.Address, name, what, null, new StepBy(Analyst.Actor, Now) { Reason = ReasonCode.OwnerConfirmed, Until = until });
        Assert.NotNull(step);
        db.Add(step.Decision);
        Data.Audit.AuditTrail.Add(db, step.Fact);
        await db.SaveChangesAsync();
    }

    /// <summary>An administrator's word on a batch: these are approved, the others refused.</summary>
    public async Task ApproveAsync(Func<Case, bool> approves)
    {
        await using var db = await OpenAsync();
        var batch = await db.Batches.SingleAsync(b => b.State == BatchState.Waiting);
        foreach (var item in await db.BatchItems.Where(i => i.BatchId == batch.Id).ToListAsync())
        {
            var @case = await db.Cases.Include(c => c.Domain).SingleAsync(c => c.Id == item.CaseId);
            item.State = approves(@case) ? BatchItemState.Approved : BatchItemState.Refused;
        }

        batch.State = BatchState.Approved;
        batch.Version++;
        await db.SaveChangesAsync();
    }

    public async Task<int> CountAsync<T>(Func<Data.GuardDb, IQueryable<T>> query)
    {
        await using var db = await OpenAsync();
        return await query(db).CountAsync();
    }

    /// <summary>What always holds: an address is what its case says, everything has its history and audit entry, nothing waits.</summary>
    public async Task AssertWholeAsync()
    {
        await using var db = await OpenAsync();
        Assert.Empty(await db.Domains.Where(d => d.FindingsDueAt != null).Select(d => d.Name).ToListAsync());
        Assert.Empty(await db.Cases.Where(c => c.AddressId != null && c.IsUnverified != (c.Address!.State == AddressState.Unverified)).Select(c => c.Id).ToListAsync());
        Assert.Empty(await db.Cases.Where(c => c.IsOpen != true && (c.State == CaseState.NeedsReview || c.State == CaseState.Unverified)).Select(c => c.Id).ToListAsync());
        Assert.Empty(await db.Cases.Where(c => !c.Domain!.HasCase).Select(c => c.Id).ToListAsync());
        foreach (var @case in await db.Cases.AsNoTracking().ToListAsync())
        {
            var decisions = await db.Decisions.AsNoTracking().Where(d => d.CaseId == @case.Id).OrderBy(d => d.At).ThenBy(d => d.Id).ToListAsync();
            Assert.Null(decisions[0].From);
            Assert.All(decisions.Zip(decisions.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));
            Assert.Equal(@case.State, decisions[^1].To);
            Assert.Equal(decisions.Count, await db.AuditEntries.CountAsync(e => e.CaseId == @case.Id && e.AddressId == @case.AddressId && e.Action != AuditAction.GateDenied));
        }

        Assert.Equal(await db.BatchItems.CountAsync(), await db.Batches.SumAsync(b => b.Count));
    }

    public ValueTask DisposeAsync() => Scans.DisposeAsync();

    private Observation Rdap(LookupQuestion q, string host)
    {
        var (life, since) = _lives.GetValueOrDefault(q.Domain);
        return life switch
        {
            Life.Redemption or Life.RedemptionByOne => Record(q, host, q.Now.AddDays(-50), "redemption period", "pending delete"),
            Life.PendingDelete => Record(q, host, q.Now.AddDays(-80), "pending delete"),
            Life.Released => ScriptedSource.NotFound(q, host),
            Life.Reregistered => ScriptedSource.Registered(q, host) with { Rdap = new RdapFacts { Handle = $"NEW-{since:yyMMdd}-{q.Domain}", RegisteredAt = since.UtcDateTime.Date, ExpiresAt = since.UtcDateTime.Date.AddYears(1), Statuses = ["active"] } },
            Life.Expired or Life.ExpiredAndMoved => Record(q, host, since.AddDays(-1), "active"),
            Life.Silent => ScriptedSource.Fails(q, host),
            Life.Bought or Life.BoughtAgain when Record(q, host, End(q), "active") is var bought => bought with { Rdap = bought.Rdap! with { RegistrarIanaId = life == Life.Bought ? "200" : "300" } },
            _ => Record(q, host, End(q), "active"),
        };
    }

    private DateTimeOffset End(LookupQuestion q) => _ends.TryGetValue(q.Domain, out var end) ? end : q.Now.AddDays(300);

    private static Observation Record(LookupQuestion q, string host, DateTimeOffset expires, params string[] statuses) =>
        ScriptedSource.Registered(q, host) with { Rdap = new RdapFacts { Handle = "D-" + q.Domain, RegisteredAt = Registered, RegistrarIanaId = "100", ExpiresAt = expires.UtcDateTime.Date, Statuses = statuses } };

    private Observation Dns(LookupQuestion q, string host)
    {
        var (life, _) = _lives.GetValueOrDefault(q.Domain);
        var answer = new Observation(SourceKind.Dns, host, Outcome.Answered, q.Now, TimeSpan.FromMilliseconds(1));
        return life switch
        {
            Life.Silent or Life.RedemptionByOne => answer with { Outcome = Outcome.Failure, Failure = FailureKind.ServerError, Error = "SERVFAIL" },
            Life.Redemption or Life.PendingDelete or Life.Released => answer with { Dns = new DnsFacts { Delegation = Delegation.NxDomain, SoaOwner = q.Domain[(q.Domain.LastIndexOf('.') + 1)..] } },
            Life.BoughtAgain => answer with { Dns = Delegated(q, "ns1.third.net") },
            Life.Reregistered or Life.ExpiredAndMoved or Life.Bought => answer with { Dns = Delegated(q, "ns1.elsewhere.net") },
            Life.Parked => answer with { Dns = Delegated(q, "ns1.host.net") with { ParkedBy = "parking.net" } },
            _ => answer with { Dns = Delegated(q, "ns1.host.net") },
        };
    }

    private static DnsFacts Delegated(LookupQuestion q, string server) => new()
    {
        Delegation = Delegation.Delegated,
        NameServers = [server],
        MailHosts = [.. q.MailHosts.Select(h => new MailHostFacts(h, MailRoute.ImplicitMx, []))],
    };
}
