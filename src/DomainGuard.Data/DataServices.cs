using DomainGuard.Data.Providers;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Data;

/// <summary>Registration of the database.</summary>
public static class DataServices
{
    /// <summary>
    /// Registers <see cref="IDbContextFactory{TContext}"/> of <see cref="GuardDb"/> (pooled), a scoped <see cref="GuardDb"/> for ASP.NET Core Identity, and
    /// <see cref="IdAllocator"/>. The caller must have set Identity's schema version 3 in <c>IdentityOptions</c>.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="database">Product and connection string.</param>
    /// <param name="dataDirectory">Where a SQLite file without absolute path lies; created when it is missing.</param>
    public static IServiceCollection AddGuardData(this IServiceCollection services, DatabaseOptions database, string dataDirectory)
    {
        switch (database.Provider)
        {
            case DatabaseProvider.SqlServer:
                Add<SqlServerGuardDb>(services, o => o.UseSqlServer(database.ConnectionString));
                break;
            case DatabaseProvider.PostgreSql:
                Add<PostgresGuardDb>(services, o => o.UseNpgsql(database.ConnectionString));
                break;
            default:
                var connection = SqliteConnectionString(database.ConnectionString, dataDirectory);
                Add<SqliteGuardDb>(services, o => o.UseSqlite(connection).AddInterceptors(new SqlitePragmas()));
                break;
        }

        services.AddSingleton(database);
        services.AddSingleton<IdAllocator>();
        services.AddSingleton<GuardDatabase>();
        services.AddScoped(p => p.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContext());
        return services;
    }

    /// <summary>The connection string with an absolute path: a relative one would lie wherever the program happens to be started.</summary>
    public static string SqliteConnectionString(string connectionString, string dataDirectory)
    {
        var builder = new SqliteConnectionStringBuilder(connectionString);
        if (builder.DataSource.Length == 0)
        {
            builder.DataSource = "domainguard.db";
        }

        if (builder.DataSource != ":memory:" && builder.Mode != SqliteOpenMode.Memory)
        {
            builder.DataSource = Path.GetFullPath(builder.DataSource, Path.GetFullPath(dataDirectory));
            Directory.CreateDirectory(Path.GetDirectoryName(builder.DataSource)!);
        }

        return builder.ConnectionString;
    }

    private static void Add<TContext>(IServiceCollection services, Action<DbContextOptionsBuilder> provider)
        where TContext : GuardDb
    {
        services.AddPooledDbContextFactory<TContext>((application, options) =>
        {
            provider(options);
            options.UseApplicationServiceProvider(application);
        });
        services.AddSingleton<IDbContextFactory<GuardDb>, FactoryOf<TContext>>();
    }

    /// <summary><see cref="IDbContextFactory{TContext}"/> is not variant.</summary>
    private sealed class FactoryOf<TContext>(IDbContextFactory<TContext> factory) : IDbContextFactory<GuardDb>
        where TContext : GuardDb
    {
        public GuardDb CreateDbContext() => factory.CreateDbContext();

        public async Task<GuardDb> CreateDbContextAsync(CancellationToken cancellationToken = default) =>
            await factory.CreateDbContextAsync(cancellationToken);
    }
}
