using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Staff;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Triage;
using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace DomainGuard.Tests.Triage;

/// <summary>What people do to cases, on a real database with two analysts, two administrators and an auditor.</summary>
internal sealed class TriageWorld : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly string? _folder;
    private long _next = 1;

    private TriageWorld(DatabaseOptions options, string? folder)
    {
        (Database, _folder) = (options, folder);
        _services = new ServiceCollection()
            .AddLogging()
            .Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3)
            .AddGuardData(options, folder ?? Path.GetTempPath())
            .AddSingleton<GuardClock>(Clock)
            .AddSingleton<TimeProvider>(Time)
            .AddTriage()
            .BuildServiceProvider();
    }

    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql];

    /// <summary>The database, for another process.</summary>
    public DatabaseOptions Database { get; }

    public DatabaseProvider Provider => Database.Provider;

    public HandClock Clock { get; } = new();

    public ManualTime Time { get; } = new();

    public StaffMember Ann { get; } = Member("Ann A.", Roles.Analyst);

    public StaffMember Jonas { get; } = Member("Jonas T.", Roles.Analyst);

    public StaffMember Root { get; } = Member("Root R.", Roles.Administrator);

    public StaffMember Second { get; } = Member("Second S.", Roles.Administrator);

    public StaffMember Auditor { get; } = Member("Audrey A.", Roles.Auditor);

    public IDbContextFactory<GuardDb> Dbs => Get<IDbContextFactory<GuardDb>>();

    /// <summary>SQLite always; PostgreSQL where <c>DOMAINGUARD_TEST_POSTGRES</c> names a server, else the test is skipped.</summary>
    public static async Task<TriageWorld> CreateAsync(DatabaseProvider provider = DatabaseProvider.Sqlite)
    {
        var options = new DatabaseOptions { Provider = provider };
        string? folder = null;
        if (provider == DatabaseProvider.PostgreSql)
        {
            var server = Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES");
            Assert.SkipWhen(string.IsNullOrEmpty(server), "DOMAINGUARD_TEST_POSTGRES names no server");
            options.ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = $"dg_triage_{Guid.CreateVersion7():N}" }.ConnectionString;
        }
        else
        {
            folder = Directory.CreateTempSubdirectory("dg-triage-").FullName;
            options.ConnectionString = "Data Source=" + Path.Combine(folder, "triage.db");
        }

        var world = new TriageWorld(options, folder);
        await world.Get<GuardDatabase>().MigrateAsync(CancellationToken.None);
        await using var db = await world.Dbs.CreateDbContextAsync();
        var roles = Roles.All.ToDictionary(r => r, r => new IdentityRole<Guid>(r) { Id = Guid.CreateVersion7(), NormalizedName = r.ToUpperInvariant() });
        db.Roles.AddRange(roles.Values);
        foreach (var member in new[] { world.Ann, world.Jonas, world.Root, world.Second, world.Auditor })
        {
            var name = member.DisplayName.Split(' ')[0];
            db.Users.Add(new GuardUser { Id = member.Id, DisplayName = member.DisplayName, UserName = name, NormalizedUserName = name.ToUpperInvariant(), SecurityStamp = "s" });
            db.UserRoles.AddRange(member.Roles.Select(r => new IdentityUserRole<Guid> { UserId = member.Id, RoleId = roles[r].Id }));
        }

        await db.SaveChangesAsync();
        return world;
    }

    public static StaffMember Member(string name, params string[] roles) => new(Guid.CreateVersion7(), name, roles.ToHashSet(), "192.0.2.7");

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>A case that needs review because its domain is in redemption, or whatever the test makes of it; address and domain of its own.</summary>
    public async Task<Case> CaseAsync(Action<Case, Address>? adjust = null) => (await CasesAsync(1, adjust))[0];

    public async Task<IReadOnlyList<Case>> CasesAsync(int count, Action<Case, Address>? adjust = null)
    {
        List<Case> cases = [];
        for (var i = 0; i < count; i++)
        {
            var id = _next++;
            var account = new Account { Id = id, ExternalId = $"u{id}", SortName = $"u{id}", AddressCount = 1, AddedAt = Clock.Now };
            var address = new Address
            {
                Id = id,
                AccountId = id,
                DomainId = id,
                Email = $"a@d{id}.test",
                SearchEmail = $"a@d{id}.test",
                MailHost = $"d{id}.test",
                AddedAt = Clock.Now,
                BaselineFrom = Clock.Now.AddDays(-400),
                Account = account,
                Domain = new Domain { Id = id, Name = $"d{id}.test", Tld = "test", AddedAt = Clock.Now },
            };
            var @case = Make(id, address);
            adjust?.Invoke(@case, address);
            @case.IsOpen = CaseTransitions.IsOpen(@case.State, @case.IsUnverified);
            address.State = @case.IsUnverified ? AddressState.Unverified : AddressState.Verified;
            cases.Add(@case);
        }

        foreach (var page in cases.Chunk(2_000))
        {
            await using var db = await Dbs.CreateDbContextAsync();
            db.ChangeTracker.AutoDetectChangesEnabled = false;
            db.Cases.AddRange(page);
            await db.SaveChangesAsync();
        }

        cases.ForEach(c => (c.Address, c.Account, c.Domain) = (null, null, null));
        return cases;
    }

    /// <summary>A case of a whole domain.</summary>
    public async Task<Case> DomainCaseAsync(CaseState state = CaseState.NeedsReview)
    {
        var id = _next++;
        var @case = Make(id, null);
        (@case.Domain, @case.State, @case.IsUnverified) = (new Domain { Id = id, Name = $"d{id}.test", Tld = "test", AddedAt = Clock.Now }, state, CaseTransitions.AddressAfter(state) ?? false);
        @case.IsOpen = CaseTransitions.IsOpen(state, @case.IsUnverified);
        await using var db = await Dbs.CreateDbContextAsync();
        db.Cases.Add(@case);
        await db.SaveChangesAsync();
        return @case;
    }

    public async Task<Case> ReadAsync(long id)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        return await db.Cases.AsNoTracking().SingleAsync(c => c.Id == id);
    }

    public async Task<Address> AddressAsync(long id)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        return await db.Addresses.AsNoTracking().SingleAsync(a => a.Id == id);
    }

    public async Task<List<Decision>> DecisionsAsync(long? caseId = null)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        return await db.Decisions.AsNoTracking().Where(d => caseId == null || d.CaseId == caseId).OrderBy(d => d.CaseId).ThenBy(d => d.CaseVersion).ToListAsync();
    }

    public async Task<List<AuditEntry>> AuditAsync()
    {
        await using var db = await Dbs.CreateDbContextAsync();
        return await db.AuditEntries.AsNoTracking().OrderBy(e => e.At).ThenBy(e => e.CaseId).ToListAsync();
    }

    public Task<DecideOutcome> DecideAsync(StaffMember by, Case read, CaseEvent what, ReasonCode reason = ReasonCode.DomainLapsed, string? comment = null, int? days = null) =>
        Get<DecideCases>().ExecuteAsync(by, [new CaseRef(read.Id, read.Version)], Wish(what, reason, comment, days), CancellationToken.None);

    public DecisionWish Wish(CaseEvent what, ReasonCode reason = ReasonCode.DomainLapsed, string? comment = null, int? days = null) =>
        new(what, reason, comment, days is { } d ? Clock.Now.AddDays(d) : what == CaseEvent.Override ? Clock.Now.AddDays(90) : null);

    /// <summary>What a scan does that finds nothing to move: writes newer facts, and raises the version.</summary>
    public async Task RefreshAsync(long id, Phase phase, HandChange hands = HandChange.None, PolicyAction wanted = PolicyAction.Review)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        var @case = await db.Cases.SingleAsync(c => c.Id == id);
        CaseSteps.Refresh(@case, Found(phase, hands, wanted));
        @case.Version++;
        await db.SaveChangesAsync();
    }

    /// <summary>What a scan does that moves a case. False when the table does not have it.</summary>
    public async Task<bool> StepAsync(long id, CaseEvent what, CaseFinding? finding)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        var @case = await db.Cases.Include(c => c.Address).Include(c => c.Domain).SingleAsync(c => c.Id == id);
        if (CaseSteps.Take(@case, @case.Address, @case.Domain!.Name, what, finding, new StepBy(Core.Audit.AuditActor.Policy(3, 411), Clock.Now)) is not { } step)
        {
            return false;
        }

        db.Decisions.Add(step.Decision);
        AuditTrail.Add(db, step.Fact);
        await db.SaveChangesAsync();
        return true;
    }

    public static CaseFinding Found(Phase phase, HandChange hands = HandChange.None, PolicyAction wanted = PolicyAction.Review) =>
        new(new Finding(phase == Phase.Active ? Situation.Active : Situation.Redemption, wanted, wanted, Guard.None), phase, hands, Confidence.Corroborated, 54, null, 3, 411);

    /// <summary>Lets the database fail at the moment when a row of a table is written.</summary>
    public Task BreakAsync(string table, string operation, string when) => RunAsync(
        Provider == DatabaseProvider.Sqlite
            ? $"CREATE TRIGGER broken BEFORE {operation} ON \"{table}\" WHEN {when} BEGIN SELECT RAISE(ABORT, 'broken'); END"
            : $"""
                CREATE FUNCTION broken() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$ LANGUAGE plpgsql;
                CREATE TRIGGER broken BEFORE {operation} ON "{table}" FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION broken()
                """);

    public Task MendAsync(string table) => RunAsync(Provider == DatabaseProvider.Sqlite ? "DROP TRIGGER broken" : $"DROP TRIGGER broken ON \"{table}\"; DROP FUNCTION broken()");

    public async ValueTask DisposeAsync()
    {
        if (Provider == DatabaseProvider.PostgreSql)
        {
            await using var db = await Dbs.CreateDbContextAsync();
            await db.Database.EnsureDeletedAsync();
        }

        await _services.DisposeAsync();
        if (_folder is not null)
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task RunAsync(string sql)
    {
        await using var session = await StatementSession.OpenAsync(Dbs, CancellationToken.None);
        await session.ExecuteAsync(new SqlStatement(sql), [], CancellationToken.None);
    }

    private Case Make(long id, Address? address) => new()
    {
        Id = id,
        AddressId = address?.Id,
        Address = address,
        AccountId = address?.AccountId,
        Account = address?.Account,
        DomainId = id,
        Domain = address?.Domain,
        State = CaseState.NeedsReview,
        Situation = Situation.Redemption,
        Wanted = PolicyAction.Review,
        Phase = Phase.Redemption,
        Confidence = Confidence.Corroborated,
        Severity = Severity.Medium,
        Points = 54,
        OpenedAt = Clock.Now.AddDays(-2),
        StateSince = Clock.Now.AddDays(-2),
        DecidedPhase = Phase.Redemption,
        DecidedWanted = PolicyAction.Review,
        PolicyVersion = 3,
        Version = 1,
    };
}
