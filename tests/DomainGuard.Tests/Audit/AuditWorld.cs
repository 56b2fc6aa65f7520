using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Exports;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace DomainGuard.Tests.Audit;

internal static class AuditTestServices
{
    /// <summary>The audit trail's operations without the server's loop, with a signing key where one is given.</summary>
    public static IServiceCollection AddTrail(this IServiceCollection services, string? signingKey = null, string? dataDirectory = null)
    {
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(signingKey is null ? [] : [new("DomainGuard:Audit:SigningKey", signingKey)]).Build());
        services.AddSingleton<IHostEnvironment>(new Somewhere());
        services.Configure<DomainGuardOptions>(o => (o.World, o.DataDirectory) = (WorldKind.Live, dataDirectory ?? Path.GetTempPath()));
        services.AddAudit().AddExports();
        return services;
    }

    private sealed class Somewhere : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = Environments.Production;

        public string ApplicationName { get; set; } = "tests";

        public string ContentRootPath { get; set; } = AppContext.BaseDirectory;

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}

/// <summary>The audit trail on a real, empty database. Several worlds on one database are several processes.</summary>
internal sealed class AuditWorld : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly DatabaseOptions _database;
    private readonly string? _key;
    private readonly bool _owns;

    private AuditWorld(DatabaseOptions database, string folder, string? key, HandClock clock, bool owns, Action<IServiceCollection>? more)
    {
        (_database, Folder, _key, Clock, _owns) = (database, folder, key, clock, owns);
        var services = new ServiceCollection()
            .AddLogging()
            .Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3)
            .AddGuardData(database, folder)
            .AddSingleton<GuardClock>(clock)
            .AddSingleton(TimeProvider.System)
            .AddSingleton<ScanNode>()
            .AddTrail(key, folder);
        more?.Invoke(services);
        _services = services.BuildServiceProvider();
    }

    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql];

    public HandClock Clock { get; }

    public string Folder { get; }

    public IDbContextFactory<GuardDb> Dbs => Get<IDbContextFactory<GuardDb>>();

    public DatabaseOptions Database => _database;

    /// <summary>SQLite always; PostgreSQL where <c>DOMAINGUARD_TEST_POSTGRES</c> names a server, else the test is skipped.</summary>
    public static async Task<AuditWorld> CreateAsync(DatabaseProvider provider = DatabaseProvider.Sqlite, string? key = null)
    {
        var options = new DatabaseOptions { Provider = provider };
        if (provider == DatabaseProvider.PostgreSql)
        {
            var server = Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES");
            Assert.SkipWhen(string.IsNullOrEmpty(server), "DOMAINGUARD_TEST_POSTGRES names no server");
            options.ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = $"dg_audit_{Guid.CreateVersion7():N}" }.ConnectionString;
        }

        var folder = Directory.CreateTempSubdirectory("dg-audit-").FullName;
        if (provider == DatabaseProvider.Sqlite)
        {
            options.ConnectionString = "Data Source=" + Path.Combine(folder, "audit.db");
        }

        var world = new AuditWorld(options, folder, key, new HandClock(), true, null);
        await world.Get<GuardDatabase>().MigrateAsync(CancellationToken.None);
        return world;
    }

    /// <summary>Another process on the same database.</summary>
    public AuditWorld Join(Action<IServiceCollection>? more = null) => new(_database, Folder, _key, Clock, false, more);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Writes entries, each in a transaction of its own.</summary>
    public async Task WriteAsync(int count, Func<int, AuditFact>? fact = null)
    {
        for (var i = 0; i < count; i++)
        {
            await using var db = await Dbs.CreateDbContextAsync();
            AuditTrail.Add(db, fact?.Invoke(i) ?? new AuditFact(AuditAction.CommentAdded, AuditActor.System("tests"), Clock.Now) { CaseId = i });
            await db.SaveChangesAsync();
        }
    }

    public Task<int> SealAsync() => Get<SealEntries>().ExecuteAsync(CancellationToken.None);

    public async Task<VerifyReport> VerifyAsync(params string[] outside) =>
        (await Get<VerifyChain>().ExecuteAsync(Web.Auth.Requester.CommandLine, outside, null, CancellationToken.None))!;

    public async Task<List<AuditEntry>> EntriesAsync()
    {
        await using var db = await Dbs.CreateDbContextAsync();
        return await db.AuditEntries.AsNoTracking().OrderBy(e => e.Sequence).ToListAsync();
    }

    public async Task SqlAsync(string sql)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        // Braces are data here, not places for values.
        await db.Database.ExecuteSqlRawAsync(sql.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        if (_owns)
        {
            await using var db = await Dbs.CreateDbContextAsync();
            await db.Database.EnsureDeletedAsync();
        }

        await _services.DisposeAsync();
        if (_owns)
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
