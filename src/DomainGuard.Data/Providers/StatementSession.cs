using System.Data;
using System.Data.Common;
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
    private readonly DbType _instant;
    private readonly bool _prepares;
    private DbTransaction? _transaction;

    private StatementSession(GuardDb db)
    {
        _db = db;
        _connection = db.Database.GetDbConnection();
        _instant = db.Database.IsSqlServer() ? DbType.DateTime2 : DbType.DateTime;
        // SqlClient wants explicit sizes to prepare and caches plans by text anyway.
        _prepares = !db.Database.IsSqlServer();
    }

    /// <summary>The context whose connection this is: for reads inside the transaction.</summary>
    public GuardDb Db => _db;

    /// <summary>Opens a session on a connection of its own.</summary>
    public static async Task<StatementSession> OpenAsync(IDbContextFactory<GuardDb> dbs, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(dbs);
        var db = await dbs.CreateDbContextAsync(cancel);
        try
        {
            await db.Database.OpenConnectionAsync(cancel);
            var session = new StatementSession(db);
            await session.TuneAsync(cancel);
            return session;
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    // Pages of some thousand rows by their keys: the processes that PostgreSQL would start to share such a page cost more than the page. Given back with the connection.
    private async Task TuneAsync(CancellationToken cancel)
    {
        if (_connection is NpgsqlConnection)
        {
            await using var command = _connection.CreateCommand();
            command.CommandText = "SET max_parallel_workers_per_gather = 0";
            await command.ExecuteNonQueryAsync(cancel);
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
        var command = await CommandAsync(statement, cancel);
        Set(command, statement, values);
        return await command.ExecuteNonQueryAsync(cancel);
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
    /// Tells PostgreSQL what a table holds now, where it would else plan with guesses until its own routine comes by. Nothing on other providers: SQLite plans by its indexes, SQL
    /// Server counts by itself.
    /// </summary>
    public async Task AnalyzeAsync(BulkTable table, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (_connection is NpgsqlConnection)
        {
            await using var command = _connection.CreateCommand();
            command.CommandText = $"ANALYZE \"{table.Table}\"";
            await command.ExecuteNonQueryAsync(cancel);
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
                // COPY has no declared types: each value must come as its column's.
                await (Value(row[i]) switch
                {
                    DBNull => writer.WriteNullAsync(cancel),
                    int n when table.Columns[i].Kind == SqlKind.Key => writer.WriteAsync((long)n, cancel),
                    var value => writer.WriteAsync(value, cancel),
                });
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

        await _db.DisposeAsync();
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

    // The same form as the convention for instants gives: UTC, cut to microseconds.
    private static object Value(object? value) => value switch
    {
        null => DBNull.Value,
        DateTimeOffset at => new DateTime(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc),
        Enum e => Convert.ToInt32(e, System.Globalization.CultureInfo.InvariantCulture),
        _ => value,
    };
}
