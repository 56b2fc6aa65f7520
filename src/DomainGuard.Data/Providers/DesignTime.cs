using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Data.Providers;

/// <summary>
/// What <c>dotnet ef</c> makes contexts with. The Identity schema version must come from an application service provider: without it the passkey table is
/// silently missing from the migrations.
/// </summary>
internal static class DesignTime
{
    internal static DbContextOptionsBuilder<TContext> WithIdentitySchema<TContext>(this DbContextOptionsBuilder<TContext> builder)
        where TContext : DbContext
    {
        builder.UseApplicationServiceProvider(new ServiceCollection()
            .Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3).BuildServiceProvider());
        return builder;
    }
}

internal sealed class SqliteDesignTimeFactory : IDesignTimeDbContextFactory<SqliteGuardDb>
{
    public SqliteGuardDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteGuardDb>().WithIdentitySchema().UseSqlite("Data Source=design.db").Options);
}

internal sealed class SqlServerDesignTimeFactory : IDesignTimeDbContextFactory<SqlServerGuardDb>
{
    public SqlServerGuardDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqlServerGuardDb>().WithIdentitySchema().UseSqlServer("Server=design").Options);
}

internal sealed class PostgresDesignTimeFactory : IDesignTimeDbContextFactory<PostgresGuardDb>
{
    public PostgresGuardDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresGuardDb>().WithIdentitySchema().UseNpgsql("Host=design").Options);
}
