using System.Globalization;
using System.Text;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Scans;
using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace DomainGuard.Tests.Imports;

/// <summary>The import engine on a real, empty database. Several worlds on one database are several processes.</summary>
internal sealed class ImportWorld : IAsyncDisposable
{
    public const string Header = "account_id,email,primary,verified_at,created_at,user_name,projects\n";

    private readonly ServiceProvider _services;
    private readonly string? _folder;
    private readonly bool _owns;
    private readonly Action<IServiceCollection>? _more;

    private ImportWorld(DatabaseOptions options, string? folder, HandClock clock, bool owns, Action<IServiceCollection>? more)
    {
        (Options, _folder, Clock, _owns, _more) = (options, folder, clock, owns, more);
        var services = new ServiceCollection()
            .AddLogging()
            .Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3)
            .AddGuardData(options, folder ?? Path.GetTempPath())
            .AddSingleton<GuardClock>(clock)
            .AddSingleton(TimeProvider.System)
            .AddSingleton<ScanNode>()
            .AddImports();
        more?.Invoke(services);
        _services = services.BuildServiceProvider();
    }

    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql];

    public DatabaseOptions Options { get; }

    public HandClock Clock { get; }

    public IDbContextFactory<GuardDb> Dbs => Get<IDbContextFactory<GuardDb>>();

    /// <summary>SQLite always; PostgreSQL where <c>DOMAINGUARD_TEST_POSTGRES</c> names a server, else the test is skipped.</summary>
    public static async Task<ImportWorld> CreateAsync(DatabaseProvider provider = DatabaseProvider.Sqlite, Action<IServiceCollection>? more = null)
    {
        var options = new DatabaseOptions { Provider = provider };
        string? folder = null;
        if (provider == DatabaseProvider.PostgreSql)
        {
            var server = Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES");
            Assert.SkipWhen(string.IsNullOrEmpty(server), "DOMAINGUARD_TEST_POSTGRES names no server");
            options.ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = $"dg_import_{Guid.CreateVersion7():N}" }.ConnectionString;
        }
        else
        {
            folder = Directory.CreateTempSubdirectory("dg-import-").FullName;
            options.ConnectionString = "Data Source=" + Path.Combine(folder, "import.db");
        }

        var world = new ImportWorld(options, folder, new HandClock(), owns: true, more);
        await world.Get<GuardDatabase>().MigrateAsync(CancellationToken.None);
        return world;
    }

    /// <summary>Another process on the same database.</summary>
    public ImportWorld Join() => new(Options, _folder, Clock, owns: false, _more);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public static Stream Text(string text) => new MemoryStream(Encoding.UTF8.GetBytes(text));

    public Task<Import> StageAsync(string rows, Func<ImportRequest, ImportRequest>? with = null, string format = ImportFormat.Csv, List<string>? notes = null)
    {
        var request = new ImportRequest("accounts." + format, format, Requester.CommandLine);
        return Get<StageImport>().ExecuteAsync(
            Text(format == ImportFormat.Csv ? Header + rows : rows), with?.Invoke(request) ?? request, null, notes is null ? null : notes.Add, CancellationToken.None);
    }

    /// <summary>Stages and, when it was not refused, merges.</summary>
    public async Task<Import> ImportAsync(string rows, Func<ImportRequest, ImportRequest>? with = null, string format = ImportFormat.Csv)
    {
        var import = await StageAsync(rows, with, format);
        if (import is { Status: ImportStatus.Compared, IsDryRun: false })
        {
            Assert.True(await Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));
        }

        await using var db = await Dbs.CreateDbContextAsync();
        Assert.True(import.EndedAt is null || !await db.ImportRows.AnyAsync(r => r.ImportId == import.Id), "staged rows are left");
        return await db.Imports.AsNoTracking().SingleAsync(i => i.Id == import.Id);
    }

    public async Task<IReadOnlyList<ImportRejection>> RejectionsAsync(Import import) => await Get<ImportQueries>().RejectionsAsync(import.Id, int.MaxValue, CancellationToken.None);

    public async Task<Account> AccountAsync(string externalId)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        return await db.Accounts.AsNoTracking().SingleAsync(a => a.ExternalId == externalId);
    }

    public async Task<Address> AddressAsync(string email)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        return await db.Addresses.AsNoTracking().SingleAsync(a => a.Email == email);
    }

    public async Task<Domain> DomainAsync(string name)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        return await db.Domains.AsNoTracking().SingleAsync(d => d.Name == name);
    }

    /// <summary>What a scan found, as far as an import cares.</summary>
    public async Task JudgeAsync(string domain, Phase phase, DateTimeOffset? answered, HandChange hands = HandChange.None, DomainFlags flags = DomainFlags.None, Confidence confidence = Confidence.Corroborated)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        var next = Clock.Now.AddDays(30);
        await db.Domains.Where(d => d.Name == domain).ExecuteUpdateAsync(s => s.SetProperty(d => d.Phase, phase).SetProperty(d => d.Flags, flags).SetProperty(d => d.Confidence, confidence)
            .SetProperty(d => d.LastAnsweredAt, answered).SetProperty(d => d.NextCheckAt, next));
        await db.Addresses.Where(a => a.Domain!.Name == domain).ExecuteUpdateAsync(s => s.SetProperty(a => a.HandChange, hands));
    }

    /// <summary>Every row of what an import may touch, with versions; keys and times of taking in only when asked for.</summary>
    public async Task<string> DumpAsync(bool withKeys = true)
    {
        await using var db = await Dbs.CreateDbContextAsync();
        var text = new StringBuilder();
        foreach (var a in await db.Accounts.AsNoTracking().OrderBy(a => a.ExternalId).ToListAsync())
        {
            Line(a.ExternalId, a.UserName, a.SortName, a.DisplayName, a.CreatedAt, a.LastSeenAt, a.TwoFactor, a.Privileged, a.Projects, a.MonthlyDownloads, a.Impact, a.AddressCount, a.RetiredAt is null, a.Version);
            Keys(a.Id, a.AddedAt, a.ChangedAt, a.RetiredAt);
        }

        foreach (var a in await db.Addresses.AsNoTracking().Include(a => a.Account).Include(a => a.Domain).OrderBy(a => a.Account!.ExternalId).ThenBy(a => a.Email).ToListAsync())
        {
            Line(a.Account!.ExternalId, a.Email, a.SearchEmail, a.Domain!.Name, a.MailHost, a.IsPrimary, a.VerifiedAt, a.State, a.HandChange, a.RetiredAt is null, a.Version);
            Keys(a.Id, a.AccountId, a.DomainId, a.AddedAt, a.BaselineFrom, a.RetiredAt);
        }

        foreach (var d in await db.Domains.AsNoTracking().OrderBy(d => d.Name).ToListAsync())
        {
            Line(d.Name, d.Tld, d.WatchedFor, d.AddressCount, d.MaxImpact, d.Priority, d.EarliestTrustAt, d.Phase, d.NextCheckAt is null, d.NextSweepAt is null, d.Version);
            Keys(d.Id, d.AddedAt, d.NextCheckAt, d.NextSweepAt);
        }

        foreach (var h in await db.MailHosts.AsNoTracking().OrderBy(h => h.Name).ToListAsync())
        {
            Line(h.Name, h.IsTenant);
            Keys(h.Id, h.DomainId);
        }

        return text.ToString();

        void Line(params object?[] values) => text.AppendLine(string.Join('|', values.Select(v => Convert.ToString(v, CultureInfo.InvariantCulture))));

        void Keys(params object?[] values)
        {
            if (withKeys)
            {
                Line(values);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_owns && Options.Provider == DatabaseProvider.PostgreSql)
        {
            await using var db = await Dbs.CreateDbContextAsync();
            await db.Database.EnsureDeletedAsync();
        }

        await _services.DisposeAsync();
        if (_owns && _folder is not null)
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
