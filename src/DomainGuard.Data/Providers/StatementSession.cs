using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace DomainGuard.Data.Providers;

/// <summary>The type of a parameter, the same on every provider.</summary>
public enum SqlKind
{
    /// <summary>32-bit number; enums are stored so.</summary>
    Number,

    /// <summary>64-bit number; keys.</summary>
    Key,

    /// <summary>True or false.</summary>
    Bool,

    /// <summary>Text.</summary>
    Text,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>An instant: give it as <see cref="DateTimeOffset"/>; stored in UTC with microseconds.</summary>
    Instant,

    /// <summary>A key made in code: a <see cref="Guid"/>.</summary>
    Uuid,
}

/// <summary>
/// A statement that all three providers understand: names in double quotes, parameters <c>@p0</c>, <c>@p1</c> and so on in the order of <paramref name="Kinds"/>.
/// Make it once and keep it: a <see cref="StatementSession"/> prepares it once per connection.
/// </summary>
/// <param name="Text">The SQL.</param>
/// <param name="Kinds">Types of its parameters.</param>
public sealed record SqlStatement(string Text, params IReadOnlyList<SqlKind> Kinds);

/// <summary>A table that takes many rows at once. Make it once and keep it, as a <see cref="SqlStatement"/>.</summary>
/// <param name="Table">Name of the table.</param>
/// <param name="Columns">Columns with their types, in the order of the values.</param>
public sealed record BulkTable(string Table, params IReadOnlyList<(string Name, SqlKind Kind)> Columns)
{
    /// <summary>One row at a time, for providers without a faster way.</summary>
    internal SqlStatement Insert { get; } = new(
        $"INSERT INTO \"{Table}\" ({Names(Columns)}) VALUES ({string.Join(", ", Enumerable.Range(0, Columns.Count).Select(i => $"@p{i}"))})",
        [.. Columns.Select(c => c.Kind)]);

    /// <summary>PostgreSQL's way: about three times as fast as statements in batches.</summary>
    internal string Copy { get; } = $"COPY \"{Table}\" ({Names(Columns)}) FROM STDIN (FORMAT BINARY)";

    private static string Names(IReadOnlyList<(string Name, SqlKind Kind)> columns) => string.Join(", ", columns.Select(c => $"\"{c.Name}\""));
}

/// <summary>
/// One connection that runs prepared statements in short transactions: ten times the rows of <c>SaveChanges</c>. Not safe for concurrent use.
/// Where the provider can send many statements in one round trip, it does. Errors of the database come out as <see cref="DbException"/>.
/// </summary>
public sealed class StatementSession : IAsyncDisposable
{
    private const int StatementsPerRoundTrip = 500;

    private readonly GuardDb _db;
    private readonly DbConnection _connection;
    private readonly Dictionary<SqlStatement, DbCommand> _commands = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<SqlStatement, SqliteStatement> _sqlite = new(ReferenceEqualityComparer.Instance);
    private readonly DbType _instant;
    private readonly bool _prepares;
    private readonly int _pagesInMemory;
    private DbTransaction? _transaction;

    private StatementSession(GuardDb db, int pagesInMemory)
    {
        _db = db;
        _connection = db.Database.GetDbConnection();
        _instant = db.Database.IsSqlServer() ? DbType.DateTime2 : DbType.DateTime;
        // SqlClient wants explicit sizes to prepare and caches plans by text anyway.
        _prepares = !db.Database.IsSqlServer();
        _pagesInMemory = _connection is SqliteConnection ? pagesInMemory : 0;
    }

    /// <summary>The context whose connection this is: for reads inside the transaction.</summary>
    public GuardDb Db => _db;

    /// <summary>Opens a session on a connection of its own.</summary>
    /// <param name="dbs">The database.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="pagesInMemory">
    /// SQLite: pages of 4 KiB that it may hold while it is open, for who touches so many in one transaction that they would be written and read again within it; its log is then
    /// written back every 256 MiB instead of every 64. 0: as any connection.
    /// </param>
    public static async Task<StatementSession> OpenAsync(IDbContextFactory<GuardDb> dbs, CancellationToken cancel, int pagesInMemory = 0)
    {
        ArgumentNullException.ThrowIfNull(dbs);
        var db = await dbs.CreateDbContextAsync(cancel);
        try
        {
            await db.Database.OpenConnectionAsync(cancel);
            var session = new StatementSession(db, pagesInMemory);
            await session.TuneAsync(cancel);
            return session;
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    // Pages of some thousand rows by their keys: the processes that PostgreSQL would start to share such a page, and compiling it, cost more than the page, and where it knows little of
    // a table that is just being filled it would read the whole of it to hash it, page after page. Given back with the connection.
    private async Task TuneAsync(CancellationToken cancel)
    {
        if (_connection is NpgsqlConnection)
        {
            await RunAsync("SET max_parallel_workers_per_gather = 0; SET jit = off; SET enable_hashjoin = off; SET enable_mergejoin = off", cancel);
        }

        if (_pagesInMemory > 0)
        {
            await RunAsync($"PRAGMA cache_size={_pagesInMemory}; PRAGMA wal_autocheckpoint=64000", cancel);
        }
    }

    /// <summary>Begins a transaction; on SQLite it takes the writer's place at once, so that it cannot fail half-way for a lock.</summary>
    public async Task BeginAsync(CancellationToken cancel)
    {
        _transaction = await _connection.BeginTransactionAsync(cancel);
        await _db.Database.UseTransactionAsync(_transaction, cancel);
    }

    /// <summary>Commits what was begun.</summary>
    public async Task CommitAsync(CancellationToken cancel)
    {
        await _transaction!.CommitAsync(cancel);
        await EndAsync();
    }

    /// <summary>Takes back what was begun; nothing when nothing was. Never throws for a connection that is gone.</summary>
    public async Task RollbackAsync()
    {
        if (_transaction is null)
        {
            return;
        }

        try
        {
            await _transaction.RollbackAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is DbException or InvalidOperationException)
        {
            // The connection is gone, and the transaction with it.
        }

        await EndAsync();
    }

    /// <summary>Runs a statement and gives back the number of rows it touched.</summary>
    public async Task<int> ExecuteAsync(SqlStatement statement, object?[] values, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(statement);
        ArgumentNullException.ThrowIfNull(values);
        if (_connection is SqliteConnection sqlite)
        {
            cancel.ThrowIfCancellationRequested();
            return Prepared(sqlite, statement).Execute(values);
        }

        var command = await CommandAsync(statement, cancel);
        Set(command, statement, values);
        return await command.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>
    /// Runs a query and gives back its rows as the provider stores them, null for NULL: on SQLite numbers and texts, which go back into another table as they are. All are held at once.
    /// </summary>
    public async Task<List<object?[]>> QueryAsync(SqlStatement query, object?[] values, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(values);
        var command = await CommandAsync(query, cancel);
        Set(command, query, values);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        List<object?[]> rows = [];
        while (await reader.ReadAsync(cancel))
        {
            var row = new object?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Runs a statement once per row of values and gives back the number of rows touched in all.</summary>
    public async Task<int> ExecuteManyAsync(SqlStatement statement, IReadOnlyList<object?[]> rows, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(statement);
        ArgumentNullException.ThrowIfNull(rows);
        var touched = 0;
        if (!_connection.CanCreateBatch)
        {
            foreach (var row in rows)
            {
                touched += await ExecuteAsync(statement, row, cancel);
            }

            return touched;
        }

        for (var from = 0; from < rows.Count; from += StatementsPerRoundTrip)
        {
            await using var batch = _connection.CreateBatch();
            batch.Transaction = _transaction;
            for (var i = from; i < Math.Min(rows.Count, from + StatementsPerRoundTrip); i++)
            {
                var command = batch.CreateBatchCommand();
                command.CommandText = statement.Text;
                for (var p = 0; p < statement.Kinds.Count; p++)
                {
                    command.Parameters.Add(Parameter(command.CreateParameter(), p, statement.Kinds[p], rows[i][p]));
                }

                batch.BatchCommands.Add(command);
            }

            await batch.ExecuteNonQueryAsync(cancel);
            for (var i = 0; i < batch.BatchCommands.Count; i++)
            {
                touched += Math.Max(0, batch.BatchCommands[i].RecordsAffected);
            }
        }

        return touched;
    }

    /// <summary>
    /// Tells PostgreSQL what tables hold now, where it would else plan with guesses until its own routine comes by. Nothing on other providers: SQLite plans by its indexes, SQL
    /// Server counts by itself.
    /// </summary>
    public async Task AnalyzeAsync(IReadOnlyList<string> tables, CancellationToken cancel)
    {
        if (_connection is NpgsqlConnection)
        {
            await RunAsync("ANALYZE " + string.Join(", ", tables.Select(t => $"\"{t}\"")), cancel);
        }
    }

    /// <summary>Inserts rows the fastest way that the provider has, inside the transaction that was begun.</summary>
    public async Task InsertAsync(BulkTable table, IReadOnlyList<object?[]> rows, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(rows);
        if (_connection is not NpgsqlConnection npgsql || rows.Count == 0)
        {
            await ExecuteManyAsync(table.Insert, rows, cancel);
            return;
        }

        await using var writer = await npgsql.BeginBinaryImportAsync(table.Copy, cancel);
        foreach (var row in rows)
        {
            await writer.StartRowAsync(cancel);
            for (var i = 0; i < row.Length; i++)
            {
                await WriteAsync(writer, table.Columns[i].Kind, row[i], cancel);
            }
        }

        await writer.CompleteAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await RollbackAsync();
        foreach (var command in _commands.Values)
        {
            await command.DisposeAsync();
        }

        foreach (var statement in _sqlite.Values)
        {
            statement.Dispose();
        }

        if (_pagesInMemory > 0 && _connection.State == ConnectionState.Open)
        {
            // The connection goes back to the pool and would keep its pages there; its settings are made anew when it is taken out again.
            await RunAsync("PRAGMA shrink_memory", CancellationToken.None);
        }

        await _db.DisposeAsync();
    }

    // COPY has no declared types: each value must come as its column's.
    private static Task WriteAsync(NpgsqlBinaryImporter writer, SqlKind kind, object? value, CancellationToken cancel) => value switch
    {
        null => writer.WriteNullAsync(cancel),
        string text => writer.WriteAsync(text, cancel),
        int number when kind == SqlKind.Key => writer.WriteAsync((long)number, cancel),
        int number => writer.WriteAsync(number, cancel),
        long number => writer.WriteAsync(number, cancel),
        bool flag => writer.WriteAsync(flag, cancel),
        DateTimeOffset at => writer.WriteAsync(Stored(at), cancel),
        Enum e => writer.WriteAsync(Convert.ToInt32(e, System.Globalization.CultureInfo.InvariantCulture), cancel),
        _ => writer.WriteAsync(Value(value), cancel),
    };

    private SqliteStatement Prepared(SqliteConnection connection, SqlStatement statement)
    {
        if (!_sqlite.TryGetValue(statement, out var prepared))
        {
            _sqlite.Add(statement, prepared = new SqliteStatement(connection, statement));
        }

        return prepared;
    }

    private async Task RunAsync(string text, CancellationToken cancel)
    {
        await using var command = _connection.CreateCommand();
        command.Transaction = _transaction;
        command.CommandText = text;
        await command.ExecuteNonQueryAsync(cancel);
    }

    private async Task EndAsync()
    {
        await _db.Database.UseTransactionAsync(null);
        await _transaction!.DisposeAsync();
        _transaction = null;
    }

    private async Task<DbCommand> CommandAsync(SqlStatement statement, CancellationToken cancel)
    {
        if (!_commands.TryGetValue(statement, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = statement.Text;
            for (var i = 0; i < statement.Kinds.Count; i++)
            {
                command.Parameters.Add(Parameter(command.CreateParameter(), i, statement.Kinds[i], null));
            }

            command.Transaction = _transaction;
            if (_prepares)
            {
                await command.PrepareAsync(cancel);
            }

            _commands.Add(statement, command);
        }

        command.Transaction = _transaction;
        return command;
    }

    private static void Set(DbCommand command, SqlStatement statement, object?[] values)
    {
        for (var i = 0; i < statement.Kinds.Count; i++)
        {
            command.Parameters[i].Value = Value(values[i]);
        }
    }

    private DbParameter Parameter(DbParameter parameter, int index, SqlKind kind, object? value)
    {
        parameter.ParameterName = "@p" + index.ToString(System.Globalization.CultureInfo.InvariantCulture);
        parameter.DbType = kind switch
        {
            SqlKind.Number => DbType.Int32,
            SqlKind.Key => DbType.Int64,
            SqlKind.Bool => DbType.Boolean,
            SqlKind.Text => DbType.String,
            SqlKind.Bytes => DbType.Binary,
            SqlKind.Uuid => DbType.Guid,
            _ => _instant,
        };
        parameter.Value = Value(value);
        return parameter;
    }

    /// <summary>The same form as the convention for instants gives: UTC, cut to microseconds.</summary>
    internal static DateTime Stored(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc);

    private static object Value(object? value) => value switch
    {
        null => DBNull.Value,
        DateTimeOffset at => Stored(at),
        Enum e => Convert.ToInt32(e, System.Globalization.CultureInfo.InvariantCulture),
        _ => value,
    };
}
