using DomainGuard.Data;
using DomainGuard.Data.Providers;
using Microsoft.AspNetCore.Identity;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace DomainGuard.Tests.Infrastructure;

/// <summary>
/// A fresh, migrated database of one product. SQLite is always there; PostgreSQL and SQL Server where <c>DOMAINGUARD_TEST_POSTGRES</c> and
/// <c>DOMAINGUARD_TEST_SQLSERVER</c> hold a connection string, else the test is shown as skipped.
/// </summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly string _folder;

    private TestDatabase(ServiceProvider services, string folder) => (_services, _folder) = (services, folder);

    /// <summary>One test body on every product.</summary>
    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql, DatabaseProvider.SqlServer];

    public IDbContextFactory<GuardDb> Dbs => Get<IDbContextFactory<GuardDb>>();

    /// <summary>Makes one.</summary>
    public static async Task<TestDatabase> CreateAsync(DatabaseProvider provider)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"dg-{Guid.CreateVersion7():N}");
        var name = $"dg_{Guid.CreateVersion7():N}";
        var options = new DatabaseOptions { Provider = provider };
        switch (provider)
        {
            case DatabaseProvider.PostgreSql:
                options.ConnectionString = new NpgsqlConnectionStringBuilder(Server("DOMAINGUARD_TEST_POSTGRES")) { Database = name }.ConnectionString;
                break;
            case DatabaseProvider.SqlServer:
                options.ConnectionString = new SqlConnectionStringBuilder(Server("DOMAINGUARD_TEST_SQLSERVER")) { InitialCatalog = name }.ConnectionString;
                break;
            default:
                options.ConnectionString = "Data Source=test.db";
                break;
        }

        var database = new TestDatabase(Services(options, folder), folder);
        await database.Get<GuardDatabase>().MigrateAsync(CancellationToken.None);
        return database;
    }

    /// <summary>The services of a database that need not exist.</summary>
    public static ServiceProvider Services(DatabaseOptions options, string folder) => new ServiceCollection()
        .AddLogging()
        .Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3)
        .AddGuardData(options, folder)
        .BuildServiceProvider();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        await using (var db = await Dbs.CreateDbContextAsync())
        {
            await db.Database.EnsureDeletedAsync();
        }

        await _services.DisposeAsync();
        SqliteConnection.ClearAllPools();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static string Server(string variable)
    {
        var server = Environment.GetEnvironmentVariable(variable);
        Assert.SkipWhen(string.IsNullOrEmpty(server), $"{variable} names no server");
        return server!;
    }
}
