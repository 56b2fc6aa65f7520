using System.Collections.Concurrent;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Policies;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Lookups;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Gate;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Scans;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Scans;

/// <summary>A guard clock that a test sets.</summary>
internal sealed class HandClock : GuardClock
{
    public DateTimeOffset Time { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset Now => Time;
}

/// <summary>An upstream whose answers a test decides, and that counts what it is asked.</summary>
internal sealed class ScriptedSource(SourceKind kind = SourceKind.Rdap) : IDomainSource
{
    public ConcurrentDictionary<string, int> Asked { get; } = new(StringComparer.Ordinal);

    public Func<LookupQuestion, string, Observation>? Answer { get; set; }

    public Func<string, string?> Host { get; set; } = name => kind == SourceKind.Dns ? "dns" : "rdap." + name[(name.LastIndexOf('.') + 1)..];

    public Func<Task> Delay { get; set; } = () => Task.CompletedTask;

    public SourceKind Kind => kind;

    public bool IsEnabled { get; set; } = true;

    public string? HostFor(string domain) => Host(domain);

    public async Task<Observation> AskAsync(LookupQuestion question, CancellationToken cancel)
    {
        Asked.AddOrUpdate(question.Domain, 1, (_, n) => n + 1);
        await Delay();
        return (Answer ?? Registered)(question, Host(question.Domain)!);
    }

    public static Observation Registered(LookupQuestion q, string host) => Record(q, host, q.Now.AddYears(-3), q.Now.AddDays(300));

    public static Observation Record(LookupQuestion q, string host, DateTimeOffset registered, DateTimeOffset expires, params string[] statuses) =>
        new(SourceKind.Rdap, host, Outcome.Answered, q.Now, TimeSpan.FromMilliseconds(3))
        {
            HttpStatus = 200,
            Rdap = new RdapFacts { Handle = "D-" + q.Domain, RegisteredAt = registered.Date, ExpiresAt = expires.Date, Statuses = statuses.Length == 0 ? ["active"] : statuses },
            Raw = System.Text.Encoding.UTF8.GetBytes($"{{\"ldhName\":\"{q.Domain}\"}}"),
        };

    public static Observation NotFound(LookupQuestion q, string host) => new(SourceKind.Rdap, host, Outcome.NotFound, q.Now, TimeSpan.FromMilliseconds(2)) { HttpStatus = 404 };

    public static Observation Fails(LookupQuestion q, string host) =>
        new(SourceKind.Rdap, host, Outcome.Failure, q.Now, TimeSpan.FromMilliseconds(2)) { Failure = FailureKind.WrongName, Error = "another name" };

    /// <summary>Fails as a server that is down does: its lane is rested after five.</summary>
    public static Observation IsDown(LookupQuestion q, string host) =>
        new(SourceKind.Rdap, host, Outcome.Failure, q.Now, TimeSpan.FromMilliseconds(2)) { Failure = FailureKind.ServerError, Error = "HTTP 500", HttpStatus = 500 };
}

/// <summary>The scan engine on a real SQLite file, with scripted upstreams. Several of them on one file are several nodes.</summary>
internal sealed class ScanWorld : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly bool _ownsFile;

    private readonly DatabaseOptions _database;

    private ScanWorld(string file, DatabaseOptions database, HandClock clock, TimeProvider time, bool ownsFile, Action<IServiceCollection>? more, params ScriptedSource[] sources)
    {
        (File, _database, Clock, _ownsFile, Sources) = (file, database, clock, ownsFile, sources);
        var services = new ServiceCollection();
        services.AddLogging(b => b.AddSimpleConsole().SetMinimumLevel(LogLevel.Error));
        services.Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3);
        services.AddGuardData(database, Path.GetTempPath());
        services.AddSingleton<GuardClock>(clock);
        services.AddSingleton(time);
        services.Configure<LookupOptions>(o =>
        {
            o.Lanes.Default.PerSecond = 1_000_000;
            o.Lanes.Default.InFlight = 16;
            o.Lanes.Hosts.Add(new HostLaneLimit { Host = Lanes.DnsHost, PerSecond = 1_000_000, InFlight = 64 });
        });
        foreach (var source in sources)
        {
            services.AddSingleton<IDomainSource>(source);
        }

        services.AddScanEngine();
        services.AddFindings();
        services.AddGate();
        services.AddSingleton<Lanes>();
        services.AddSingleton<DomainLookup>();
        more?.Invoke(services);
        _services = services.BuildServiceProvider();
    }

    public string File { get; }

    /// <summary>The database, for another process.</summary>
    public DatabaseOptions Database => _database;

    public HandClock Clock { get; }

    public ScriptedSource[] Sources { get; }

    public ScriptedSource Rdap => Sources[0];

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public static Task<ScanWorld> CreateAsync(params ScriptedSource[] sources)
    {
        var file = Path.Combine(Path.GetTempPath(), $"dg-scan-{Guid.CreateVersion7():N}.db");
        return CreateAsync(file, new DatabaseOptions { Provider = DatabaseProvider.Sqlite, ConnectionString = "Data Source=" + file }, sources);
    }

    /// <summary>On a new database of the PostgreSQL server that <c>DOMAINGUARD_TEST_POSTGRES</c> names by a connection string; skips the test where it names none.</summary>
    public static Task<ScanWorld> CreateOnPostgresAsync(params ScriptedSource[] sources)
    {
        var server = Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES");
        Assert.SkipWhen(string.IsNullOrEmpty(server), "DOMAINGUARD_TEST_POSTGRES names no server");
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(server) { Database = $"dg_scan_{Guid.CreateVersion7():N}" }.ConnectionString;
        return CreateAsync("", new DatabaseOptions { Provider = DatabaseProvider.PostgreSql, ConnectionString = connection }, sources);
    }

    private static async Task<ScanWorld> CreateAsync(string file, DatabaseOptions database, ScriptedSource[] sources)
    {
        var world = new ScanWorld(file, database, new HandClock(), TimeProvider.System, true, null, sources.Length == 0 ? [new ScriptedSource()] : sources);
        await world.Get<GuardDatabase>().MigrateAsync(CancellationToken.None);
        await using var db = await world.OpenAsync();
        await InstallationSettings.SetAsync(db, InstallationSettings.ObserveOnly, false, CancellationToken.None);
        await db.SaveChangesAsync();
        return world;
    }

    /// <summary>Another process on the same database.</summary>
    public ScanWorld Join(TimeProvider? time = null, Action<IServiceCollection>? more = null) => new(File, _database, Clock, time ?? TimeProvider.System, false, more, Sources);

    public Task<GuardDb> OpenAsync() => Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync();

    /// <summary>Takes in domains, each with one address of an account of its own, verified a year ago; due now.</summary>
    public async Task AddAsync(params IEnumerable<string> names)
    {
        await using var db = await OpenAsync();
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        var ids = Get<IdAllocator>();
        var list = names.ToList();
        var first = await ids.ReserveAsync(IdAllocator.Domain, list.Count, CancellationToken.None);
        await ids.ReserveAsync(IdAllocator.Account, list.Count, CancellationToken.None);
        await ids.ReserveAsync(IdAllocator.Address, list.Count, CancellationToken.None);
        var now = Clock.Now;
        for (var i = 0; i < list.Count; i++)
        {
            var id = first + i;
            db.Add(new Domain
            {
                Id = id,
                Name = list[i],
                Tld = list[i][(list[i].LastIndexOf('.') + 1)..],
                WatchedFor = WatchedFor.Addresses,
                AddressCount = 1,
                AddedAt = now,
                NextCheckAt = now,
                NextSweepAt = now,
                EarliestTrustAt = now.AddYears(-1),
                Version = 1,
            });
            db.Add(new MailHost { Id = id, DomainId = id, Name = list[i] });
            db.Add(new Account { Id = id, ExternalId = "u" + id, SortName = "u" + id, AddressCount = 1, AddedAt = now, ChangedAt = now, Version = 1 });
            db.Add(new Address
            {
                Id = id,
                AccountId = id,
                DomainId = id,
                Email = "a@" + list[i],
                SearchEmail = "a@" + list[i],
                MailHost = list[i],
                IsPrimary = true,
                VerifiedAt = now.AddYears(-1),
                BaselineFrom = now,
                AddedAt = now,
                Version = 1,
            });
        }

        await db.SaveChangesAsync();
    }

    /// <summary>Starts a scan and works it to its end in this process.</summary>
    public async Task<ScanRow> ScanAsync(ScanScope scope = ScanScope.All, string? target = null)
    {
        var id = await StartAsync(scope, target);
        await Get<RunScan>().ExecuteAsync(id, CancellationToken.None);
        return await RowAsync(id);
    }

    public async Task<long> StartAsync(ScanScope scope = ScanScope.All, string? target = null) =>
        await Get<StartScan>().ExecuteAsync(scope, target, Requester.CommandLine, CancellationToken.None) switch
        {
            StartOutcome.Started s => s.ScanId,
            StartOutcome.Running r => r.ScanId,
            var other => throw new InvalidOperationException(other.ToString()),
        };

    public async Task<ScanRow> RowAsync(long id) => (await Get<ScanQueries>().GetAsync(id, CancellationToken.None))!;

    /// <summary>Puts a policy in force whose fields are changed, whatever may be said against it.</summary>
    public async Task ChangePolicyAsync(params (string Field, string Text)[] changes)
    {
        var current = await Get<PolicyStore>().CurrentAsync(CancellationToken.None);
        var policy = changes.Aggregate(current.Policy, (p, c) => PolicyFields.With(p, c.Field, c.Text)!);
        await using var db = await OpenAsync();
        db.PolicyVersions.Add(new PolicyVersion { Version = current.Version + 1, Json = policy.ToJson(), SavedAt = Clock.Now });
        await db.SaveChangesAsync();
    }

    public async Task<Domain> DomainAsync(string name)
    {
        await using var db = await OpenAsync();
        return await db.Domains.AsNoTracking().SingleAsync(d => d.Name == name);
    }

    public async ValueTask DisposeAsync()
    {
        if (_ownsFile && _database.Provider == DatabaseProvider.PostgreSql)
        {
            await using var db = await OpenAsync();
            await db.Database.EnsureDeletedAsync();
        }

        await _services.DisposeAsync();
        if (_ownsFile && File.Length > 0)
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            foreach (var file in new[] { File, File + "-wal", File + "-shm" })
            {
                System.IO.File.Delete(file);
            }
        }
    }
}
