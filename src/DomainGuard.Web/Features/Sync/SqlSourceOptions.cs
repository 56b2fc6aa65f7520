using System.Data.Common;
using DomainGuard.Data.Providers;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using Npgsql;

namespace DomainGuard.Web.Features.Sync;

/// <summary>What a list of the query means.</summary>
internal enum SqlSourceMode
{
    /// <summary>Accounts that are not in it are gone.</summary>
    Full,

    /// <summary>It adds and changes only.</summary>
    Partial,
}

/// <summary>Section <c>DomainGuard:Sync:Sql</c>: a query against the platform's own database. Off without a connection string.</summary>
internal sealed class SqlSourceOptions
{
    internal const string Section = "DomainGuard:Sync:Sql";

    /// <summary>Which product the platform's database is.</summary>
    public DatabaseProvider? Provider { get; set; }

    /// <summary>Its connection string. A secret: give it by an environment variable or a secret store.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The query: one row per address, columns named as those of a CSV file.</summary>
    public string? Query { get; set; }

    /// <summary>The same in a file, read anew for every run.</summary>
    public string? QueryFile { get; set; }

    /// <summary>How often it runs.</summary>
    public TimeSpan Schedule { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long query and reading may take together.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether the rows are the whole list.</summary>
    public SqlSourceMode Mode { get; set; } = SqlSourceMode.Full;

    internal bool IsOn => !string.IsNullOrWhiteSpace(ConnectionString);

    internal bool HasQuery => !string.IsNullOrWhiteSpace(Query) || !string.IsNullOrWhiteSpace(QueryFile);
}

/// <summary>Says everything that is wrong with <see cref="SqlSourceOptions"/> at once, never with a connection string or a query in it.</summary>
internal sealed class SqlSourceOptionsValidator : IValidateOptions<SqlSourceOptions>
{
    private const string Section = SqlSourceOptions.Section;
    private static readonly TimeSpan ShortestSchedule = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestSchedule = TimeSpan.FromDays(31);
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, SqlSourceOptions options)
    {
        if (!options.IsOn)
        {
            return ValidateOptionsResult.Success;
        }

        List<string> problems = [];
        if (options.Provider is not { } provider || !Enum.IsDefined(provider))
        {
            problems.Add($"{Section}:Provider is none of PostgreSql, SqlServer, Sqlite although a connection string is set.");
        }
        else if (ConnectionProblem(provider, options.ConnectionString!) is { } problem)
        {
            problems.Add($"{Section}:ConnectionString {problem}");
        }

        if (!string.IsNullOrWhiteSpace(options.Query) && !string.IsNullOrWhiteSpace(options.QueryFile))
        {
            problems.Add($"{Section}:Query and QueryFile are both set. Set one.");
        }
        else if (!options.HasQuery)
        {
            problems.Add($"{Section}:Query is missing although a connection string is set. Set it, or QueryFile.");
        }
        else if (SqlSource.QueryOf(options, out var unreadable) is null)
        {
            problems.Add(unreadable!);
        }

        if (options.Schedule < ShortestSchedule || options.Schedule > LongestSchedule)
        {
            problems.Add($"{Section}:Schedule is not between one minute (00:01:00) and 31 days (31.00:00:00).");
        }

        if (options.CommandTimeout < TimeSpan.FromSeconds(1) || options.CommandTimeout > LongestRun)
        {
            problems.Add($"{Section}:CommandTimeout is not between one second (00:00:01) and one day (1.00:00:00).");
        }

        if (!Enum.IsDefined(options.Mode))
        {
            problems.Add($"{Section}:Mode is neither Full nor Partial.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static string? ConnectionProblem(DatabaseProvider provider, string text)
    {
        try
        {
            DbConnectionStringBuilder builder = provider switch
            {
                DatabaseProvider.PostgreSql => new NpgsqlConnectionStringBuilder(text),
                DatabaseProvider.SqlServer => new SqlConnectionStringBuilder(text),
                _ => new SqliteConnectionStringBuilder(text),
            };
            return builder is SqliteConnectionStringBuilder { DataSource: var file } && !Path.IsPathFullyQualified(file)
                ? "must name the SQLite file by its whole path, such as Data Source=/srv/platform/accounts.db."
                : builder is NpgsqlConnectionStringBuilder { Host: null or "" } or SqlConnectionStringBuilder { DataSource: "" } ? "names no server."
                : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            // What the driver says of it could repeat a part of a password.
            return $"cannot be read as one of {provider}. Look at its keywords, and put values with semicolons into quotes.";
        }
    }
}
