using System.Data.Common;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace DomainGuard.Data;

/// <summary>The database as a whole: bringing it up to date, and saying in words what is wrong with it.</summary>
public sealed class GuardDatabase(IDbContextFactory<GuardDb> dbs)
{
    /// <summary>Applies the migrations that are missing. Safe beside another process that does the same (EF Core takes a lock in the database).</summary>
    /// <returns>The names of the migrations that were applied.</returns>
    /// <exception cref="DatabaseUnusableException">The database cannot be opened, or was made by a newer version of the program.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancel)
    {
        try
        {
            await using var db = await dbs.CreateDbContextAsync(cancel);
            var known = db.Database.GetMigrations().ToHashSet(StringComparer.Ordinal);
            var pending = (await db.Database.GetPendingMigrationsAsync(cancel)).ToList();
            var newer = (await db.Database.GetAppliedMigrationsAsync(cancel)).FirstOrDefault(m => !known.Contains(m));
            if (newer is not null)
            {
                throw new DatabaseUnusableException(
                    $"The database holds the migration '{newer}', which this version does not know: it was written by a newer version. Start that version, or restore a backup from before.");
            }

            await db.Database.MigrateAsync(cancel);
            return pending;
        }
        catch (Exception problem) when (problem is not DatabaseUnusableException && Explain(problem) is { } words)
        {
            throw new DatabaseUnusableException(words, problem);
        }
    }

    /// <summary>A failure of the database in words a person can act on; null when it is no failure of the database.</summary>
    public static string? Explain(Exception problem)
    {
        for (var e = problem; e is not null; e = e.InnerException)
        {
            var words = e switch
            {
                SqliteException { SqliteErrorCode: 5 or 6 } => "The SQLite file is locked by another program. Close it (a backup, a database browser), or try again.",
                SqliteException { SqliteErrorCode: 8 } => "The SQLite file or its folder is read-only. Give the service account the right to write there.",
                SqliteException { SqliteErrorCode: 10 } io => $"SQLite could not read or write its file ({io.Message}). Look at the disk.",
                SqliteException { SqliteErrorCode: 11 } => "The SQLite file is damaged. Restore it from a backup.",
                SqliteException { SqliteErrorCode: 13 } => "The disk (or the quota) that holds the SQLite file is full. Nothing was half-written; make room and start again.",
                SqliteException { SqliteErrorCode: 14 } => "The SQLite file cannot be opened. Look at DomainGuard:Database:ConnectionString, the folder, and its rights.",
                SqliteException { SqliteErrorCode: 26 } => "The file that DomainGuard:Database:ConnectionString names is no SQLite database. Name another file.",
                PostgresException { SqlState: "28P01" or "28000" } => "PostgreSQL refused the user name or password of DomainGuard:Database:ConnectionString.",
                PostgresException { SqlState: "3D000" } p => $"PostgreSQL has no such database ({p.MessageText}). Create it, or mend DomainGuard:Database:ConnectionString.",
                PostgresException { SqlState: "53100" } => "The disk of the PostgreSQL server is full.",
                NpgsqlException { InnerException: System.Net.Sockets.SocketException } n => $"PostgreSQL cannot be reached ({n.InnerException!.Message}).",
                SqlException { Number: 18456 } => "SQL Server refused the user name or password of DomainGuard:Database:ConnectionString.",
                SqlException { Number: 4060 } => "SQL Server has no such database, or the user may not open it.",
                SqlException { Number: 0 or -2 or 53 or 10061 } => "SQL Server cannot be reached.",
                _ => null,
            };
            if (words is not null)
            {
                return words;
            }
        }

        return problem is DbException other ? other.Message : null;
    }
}

/// <summary>The database cannot be used; the message says why and what to do.</summary>
public sealed class DatabaseUnusableException(string message, Exception? inner = null) : Exception(message, inner);
