using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace DomainGuard.Web.Features.Sync;

/// <summary>Failures of the platform's database in words that say what to do. Never repeats a connection string, nor what could be data.</summary>
internal static class SqlProblem
{
    private const string Setting = "DomainGuard:Sync:Sql:ConnectionString";
    private const string Nothing = " Nothing was written.";
    private const string Writes = "The query tries to write, and it may only read. Nothing was changed there. Make it one SELECT.";
    private const int Most = 200;

    /// <summary>The driver or the server gave up for the time it took.</summary>
    public static bool IsTimeout(Exception e) =>
        e is TimeoutException or NpgsqlException { InnerException: TimeoutException } or SqlException { Number: -2 } or SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_INTERRUPT };

    /// <summary>In words; null when it is no failure of a database.</summary>
    /// <param name="e">What was thrown.</param>
    /// <param name="isReading">Rows had begun to come.</param>
    public static string? Of(Exception e, bool isReading)
    {
        var words = e switch
        {
            PostgresException p => Of(p),
            SqlException s => Of(s),
            SqliteException s => Of(s),
            DbException or SocketException or IOException when isReading => "The connection to the platform's database was lost while rows were read. The next run begins anew.",
            DbException or SocketException or IOException => $"The platform's database cannot be reached{Said(e.GetBaseException().Message)}. Look at {Setting}, the network, and whether the server runs.",
            InvalidOperationException or ArgumentException => $"The query could not be run{Said(e.Message)}. Look at {Setting} and the query.",
            _ => null,
        };
        return words is null ? null : words + Nothing;
    }

    private static string Of(PostgresException p) => p.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => $"PostgreSQL refused the user name or password of {Setting}.",
        PostgresErrorCodes.InvalidCatalogName => $"PostgreSQL has no such database. Mend {Setting}.",
        PostgresErrorCodes.ReadOnlySqlTransaction => Writes,
        PostgresErrorCodes.InsufficientPrivilege => $"The user of {Setting} may not read what the query asks for{Said(p.MessageText)}. Grant it SELECT there.",
        PostgresErrorCodes.QueryCanceled => $"PostgreSQL broke the query off{Said(p.MessageText)}. Make it faster, or allow it more time there.",
        PostgresErrorCodes.TooManyConnections => "PostgreSQL has no connection left. The next run begins anew.",
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => "PostgreSQL was stopped, or is starting. The next run begins anew.",
        PostgresErrorCodes.DiskFull => "The disk of the PostgreSQL server is full, perhaps for what it sorts. Make room there, or make the query smaller.",
        // What the data class says quotes the data.
        ['2', '2', ..] => $"PostgreSQL could not convert a value that the query reads ({p.SqlState}). Mend the query: cast with care, or leave such rows out.",
        _ => $"PostgreSQL could not run the query ({p.SqlState}){Said(p.MessageText)}{(p.Position > 0 ? $", at character {p.Position}" : "")}. Mend the query.",
    };

    private static string Of(SqlException s) => s.Number switch
    {
        18456 => $"SQL Server refused the user name or password of {Setting}.",
        4060 => $"SQL Server has no such database, or the user may not open it. Mend {Setting}.",
        229 or 230 or 916 => $"The user of {Setting} may not read what the query asks for{Said(s.Message)}. Grant it SELECT there.",
        3906 => Writes,
        0 or 2 or 53 or 64 or 121 or 233 or 258 or 10053 or 10054 or 10060 or 10061 or 11001 => $"SQL Server cannot be reached, or the connection to it was lost. Look at {Setting}, the network, and whether the server runs.",
        1205 => "SQL Server broke the query off to solve a deadlock. The next run begins anew.",
        220 or 241 or 242 or 245 or 248 or 8114 or 8115 => $"SQL Server could not convert a value that the query reads ({s.Number}). Mend the query: TRY_CAST, or leave such rows out.",
        _ => $"SQL Server could not run the query ({s.Number}){Said(s.Message)}. Mend the query.",
    };

    private static string Of(SqliteException s) => s.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_READONLY => Writes,
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => "The platform's SQLite file is locked by another program. The next run begins anew.",
        SQLitePCL.raw.SQLITE_CANTOPEN => $"The platform's SQLite file cannot be opened. Look at {Setting}, and whether the service account may read file and folder.",
        SQLitePCL.raw.SQLITE_NOTADB => $"The file that {Setting} names is no SQLite database.",
        SQLitePCL.raw.SQLITE_CORRUPT => "The platform's SQLite file is damaged.",
        SQLitePCL.raw.SQLITE_IOERR => "The platform's SQLite file could not be read. Look at the disk.",
        SQLitePCL.raw.SQLITE_FULL => "The disk has no room for what SQLite sorts. Make room, or make the query smaller.",
        _ => $"SQLite could not run the query{Said(s.Message)}. Mend the query.",
    };

    /// <summary>What the server says, in brackets: one line, cut, and not at all where it could hold an address.</summary>
    private static string Said(string message)
    {
        var line = message.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        line = (end < 0 ? line : line[..end]).TrimEnd(". '");
        return line.IsEmpty || line.Contains('@') ? "" : $" ({(line.Length > Most ? line[..Most] : line)})";
    }
}
