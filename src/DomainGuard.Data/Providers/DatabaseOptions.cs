namespace DomainGuard.Data.Providers;

/// <summary>The database products that can hold the data.</summary>
public enum DatabaseProvider
{
    /// <summary>One file, one machine; the embedded default.</summary>
    Sqlite,

    /// <summary>Microsoft SQL Server 2022 or later.</summary>
    SqlServer,

    /// <summary>PostgreSQL 15 or later.</summary>
    PostgreSql,
}

/// <summary>Section <c>DomainGuard:Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>Which product.</summary>
    public DatabaseProvider Provider { get; set; } = DatabaseProvider.Sqlite;

    /// <summary>Connection string of that product; may be empty for SQLite only, which then uses a file in the data directory.</summary>
    public string ConnectionString { get; set; } = "";
}
