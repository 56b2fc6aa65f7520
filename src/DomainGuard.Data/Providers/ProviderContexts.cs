using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Data.Providers;

/// <summary>On SQLite: text is compared byte by byte by default.</summary>
public sealed class SqliteGuardDb(DbContextOptions<SqliteGuardDb> options) : GuardDb(options)
{
    /// <inheritdoc />
    protected override string? InstantColumnType => null;

    /// <inheritdoc />
    protected override string? BinaryCollation => null;
}

/// <summary>On SQL Server.</summary>
public sealed class SqlServerGuardDb(DbContextOptions<SqlServerGuardDb> options) : GuardDb(options)
{
    /// <inheritdoc />
    protected override string? InstantColumnType => "datetime2(6)";

    /// <inheritdoc />
    protected override string? BinaryCollation => "Latin1_General_100_BIN2";
}

/// <summary>On PostgreSQL.</summary>
public sealed class PostgresGuardDb(DbContextOptions<PostgresGuardDb> options) : GuardDb(options)
{
    /// <inheritdoc />
    protected override string? InstantColumnType => "timestamp with time zone";

    /// <inheritdoc />
    protected override string? BinaryCollation => "C";
}
