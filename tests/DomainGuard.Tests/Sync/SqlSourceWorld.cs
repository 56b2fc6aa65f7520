using System.Data.Common;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Imports;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Sync;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace DomainGuard.Tests.Sync;

/// <summary>A platform with a database of its own, SQLite or PostgreSQL, and beside it an installation on SQLite that asks it.</summary>
internal sealed class SqlSourceWorld : IAsyncDisposable
{
    private readonly DatabaseProvider _provider;
    private readonly string _folder;
    private readonly string? _database;

    private SqlSourceWorld(DatabaseProvider provider, string folder, string? database, string connectionString) =>
        (_provider, _folder, _database, ConnectionString) = (provider, folder, database, connectionString);

    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql];

    public string ConnectionString { get; }

    public SqlSourceOptions Options { get; } = new();

    public ImportWorld Guard { get; private set; } = null!;

    /// <summary>Makes both; the platform's database is filled by some statements.</summary>
    public static async Task<SqlSourceWorld> CreateAsync(DatabaseProvider provider, string query, params string[] statements)
    {
        var folder = Directory.CreateTempSubdirectory("dg-platform-").FullName;
        string? database = null;
        var connectionString = "Data Source=" + Path.Combine(folder, "platform.db");
        if (provider == DatabaseProvider.PostgreSql)
        {
            database = $"dg_platform_{Guid.CreateVersion7():N}";
            await using var server = new NpgsqlConnection(Server());
            await server.OpenAsync();
            await RunAsync(server, $"CREATE DATABASE {database}");
            connectionString = new NpgsqlConnectionStringBuilder(Server()) { Database = database, Pooling = false }.ConnectionString;
        }

        var world = new SqlSourceWorld(provider, folder, database, connectionString);
        await world.RunAsync([.. statements, .. provider == DatabaseProvider.Sqlite && statements.Length == 0 ? (string[])["CREATE TABLE unused (id INTEGER)"] : []]);
        (world.Options.Provider, world.Options.ConnectionString, world.Options.Query) = (provider, connectionString, query);
        world.Guard = await ImportWorld.CreateAsync(more: services => services.AddSync().AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddSingleton(Microsoft.Extensions.Options.Options.Create(world.Options)));
        return world;
    }

    /// <summary>Changes the platform's database.</summary>
    public async Task RunAsync(params string[] statements)
    {
        await using var connection = await OpenAsync();
        foreach (var statement in statements)
        {
            await RunAsync(connection, statement);
        }
    }

    /// <summary>One number of the platform's database.</summary>
    public async Task<long> CountAsync(string table)
    {
        await using var connection = await OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT COUNT(*) FROM {table}";
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Lets the time of the schedule pass and runs what is due.</summary>
    public async Task<Import> SyncAsync()
    {
        Guard.Clock.Time += Options.Schedule;
        var import = await Guard.Get<RunSqlSync>().ExecuteAsync(CancellationToken.None);
        Assert.NotNull(import);
        return (await Guard.Get<ImportQueries>().FindAsync(import.Id, CancellationToken.None))!;
    }

    public async ValueTask DisposeAsync()
    {
        await Guard.DisposeAsync();
        if (_database is not null)
        {
            await using var server = new NpgsqlConnection(Server());
            await server.OpenAsync();
            await RunAsync(server, $"DROP DATABASE {_database} WITH (FORCE)");
        }

        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task RunAsync(DbConnection connection, string statement)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = statement;
        await command.ExecuteNonQueryAsync();
    }

    private static string Server()
    {
        var server = Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES");
        Assert.SkipWhen(string.IsNullOrEmpty(server), "DOMAINGUARD_TEST_POSTGRES names no server");
        return server!;
    }

    private async Task<DbConnection> OpenAsync()
    {
        DbConnection connection = _provider == DatabaseProvider.PostgreSql ? new NpgsqlConnection(ConnectionString) : new SqliteConnection(ConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
