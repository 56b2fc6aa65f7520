using System.Data;
using System.Data.Common;
using System.Runtime.CompilerServices;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Shared;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using Npgsql;

namespace DomainGuard.Web.Features.Sync;

/// <summary>
/// The platform's own database, asked by the query of the configuration and never written to. Rows come one by one as the server sends them. Whatever fails, fails as
/// <see cref="ImportUnreadableException"/> with words that say what to do.
/// </summary>
internal sealed class SqlSource(IOptions<SqlSourceOptions> options, TimeProvider time)
{
    private const int LongestQuery = 1024 * 1024;

    /// <summary>Reads all rows, within the time that the configuration allows.</summary>
    /// <exception cref="ImportUnreadableException">The query failed, or gives other columns than those that are known.</exception>
    public async IAsyncEnumerable<ImportItem> ReadAsync(DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var rows = await OpenAsync(options.Value.CommandTimeout, $"{SqlSourceOptions.Section}:CommandTimeout", cancel);
        while (await rows.NextAsync(now) is { } item)
        {
            yield return item;
        }
    }

    /// <summary>Runs the query.</summary>
    /// <param name="limit">How long query and reading may take.</param>
    /// <param name="limitName">What that limit is called.</param>
    /// <param name="cancel">Ends it, then and while rows are read.</param>
    public async Task<SqlRows> OpenAsync(TimeSpan limit, string limitName, CancellationToken cancel)
    {
        var provider = options.Value.Provider ?? DatabaseProvider.Sqlite;
        var query = QueryOf(options.Value, out var problem) ?? throw new ImportUnreadableException(problem!);
        var rows = new SqlRows(Connect(provider, options.Value.ConnectionString!), limit, limitName, time, cancel);
        try
        {
            await rows.OpenAsync(query);
            return rows;
        }
        catch
        {
            await rows.DisposeAsync();
            throw;
        }
    }

    /// <summary>The query, without a semicolon at its end; null with what is wrong.</summary>
    internal static string? QueryOf(SqlSourceOptions options, out string? problem)
    {
        const string FileSetting = $"{SqlSourceOptions.Section}:QueryFile";
        problem = null;
        var text = options.Query;
        if (!string.IsNullOrWhiteSpace(options.QueryFile))
        {
            try
            {
                text = new FileInfo(options.QueryFile).Length > LongestQuery ? null : File.ReadAllText(options.QueryFile);
                problem = text is null ? $"{FileSetting}: the file is larger than 1 MiB; a query is not." : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                problem = $"{FileSetting}: the file {options.QueryFile} cannot be read ({e.Message.TrimEnd('.')}).";
                return null;
            }
        }

        text = text?.Trim().TrimEnd(';').TrimEnd();
        if (string.IsNullOrEmpty(text))
        {
            problem ??= $"{SqlSourceOptions.Section}: the query is empty.";
            return null;
        }

        return text;
    }

    // Not pooled: used once in an hour, and nothing that was set for it may reach another use.
    private static DbConnection Connect(DatabaseProvider provider, string text) => provider switch
    {
        DatabaseProvider.PostgreSql => new NpgsqlConnection(new NpgsqlConnectionStringBuilder(text) { Pooling = false }.ConnectionString),
        DatabaseProvider.SqlServer => new SqlConnection(new SqlConnectionStringBuilder(text) { Pooling = false }.ConnectionString),
        _ => new SqliteConnection(new SqliteConnectionStringBuilder(text) { Pooling = false, Mode = SqliteOpenMode.ReadOnly }.ConnectionString),
    };
}

/// <summary>The rows of one run of the query, in a transaction that is always taken back.</summary>
internal sealed class SqlRows : IAsyncDisposable
{
    private readonly DbConnection _connection;
    private readonly TimeSpan _limit;
    private readonly string _limitName;
    private readonly CancellationToken _cancel;
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenSource _ended;
    private readonly CancellationTokenRegistration _interrupt;
    private readonly string?[] _cells = new string?[CsvReaderOfAccounts.Columns.Length];
    private DbTransaction? _transaction;
    private IAsyncDisposable? _command;
    private Action? _stop;
    private DbDataReader? _reader;
    private int[] _places = [];
    private int _row;
    private bool _isDone;

    internal SqlRows(DbConnection connection, TimeSpan limit, string limitName, TimeProvider time, CancellationToken cancel)
    {
        (_connection, _limit, _limitName, _cancel) = (connection, limit, limitName, cancel);
        _late = new CancellationTokenSource(limit, time);
        _ended = CancellationTokenSource.CreateLinkedTokenSource(cancel, _late.Token);
        // SQLite works in our own thread and looks at no token.
        _interrupt = connection is SqliteConnection sqlite ? _ended.Token.Register(() => Interrupt(sqlite)) : default;
    }

    /// <summary>Names of the query's columns, in its order.</summary>
    public IReadOnlyList<string> Columns { get; private set; } = [];

    /// <summary>The row that was read last, as it came: a text per column of the query.</summary>
    public IReadOnlyList<string?> Current => [.. Enumerable.Range(0, Columns.Count).Select(i => SqlText.Of(_reader!, i, out var problem) ?? (problem is null ? null : $"({problem})"))];

    /// <summary>The next row, read by the rules of all lists; null at the end.</summary>
    /// <exception cref="ImportUnreadableException">It cannot be read.</exception>
    public async Task<ImportItem?> NextAsync(DateTimeOffset now)
    {
        try
        {
            if (!await _reader!.ReadAsync(_ended.Token))
            {
                _isDone = true;
                return null;
            }
        }
        catch (Exception e) when (Explain(e) is { } words)
        {
            throw new ImportUnreadableException(words, e);
        }
        catch (Exception e) when (e is not OperationCanceledException && _cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, _cancel);
        }

        _row++;
        var bad = -1;
        string? reason = null;
        for (var column = 0; column < _cells.Length; column++)
        {
            string? problem = null;
            _cells[column] = _places[column] < 0 ? null : SqlText.Of(_reader, _places[column], out problem, CsvReaderOfAccounts.IsInstant(column));
            if (problem is not null && bad < 0)
            {
                (bad, reason) = (column, problem);
            }
        }

        var item = CsvReaderOfAccounts.ReadRow(_row, new Cells(_cells), now);
        return bad < 0 ? item : new ImportBad(_row, CsvReaderOfAccounts.Columns[bad], reason!, item switch { ImportGood g => g.Account.ExternalId, ImportBad b => b.ExternalId, _ => null });
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isDone && _reader is not null && _stop is not null)
        {
            // Else the driver would read all that is left before it lets go.
            await QuietlyAsync(() =>
            {
                _stop();
                return ValueTask.CompletedTask;
            });
        }

        foreach (var held in (IAsyncDisposable?[])[_reader, _command, _interrupt, _transaction, _connection])
        {
            // A transaction that is not committed is taken back.
            await QuietlyAsync(() => held?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _ended.Dispose();
        _late.Dispose();
    }

    internal async Task OpenAsync(string query)
    {
        try
        {
            await _connection.OpenAsync(_ended.Token);
            if (_connection is NpgsqlConnection npgsql)
            {
                // Kept per connection string: an enumeration that was made since would be a stranger.
                await npgsql.ReloadTypesAsync(_ended.Token);
            }
            else if (_connection is SqliteConnection)
            {
                await ExecuteAsync("PRAGMA query_only = ON");
            }

            _transaction = await BeginAsync();
            if (_connection is NpgsqlConnection)
            {
                // Inside the transaction, not for the session: behind a pooler the session is not ours.
                await ExecuteAsync("SET TRANSACTION READ ONLY");
            }

            _reader = await ExecuteReaderAsync(query);
        }
        catch (Exception e) when (Explain(e) is { } words)
        {
            throw new ImportUnreadableException(words, e);
        }
        catch (Exception e) when (e is not OperationCanceledException && _cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, _cancel);
        }

        Columns = [.. Enumerable.Range(0, _reader.FieldCount).Select(_reader.GetName)];
        _places = SqlColumns.Places(Columns);
    }

    // SQLite: deferred, since an immediate one would ask for the right to write.
    private async Task<DbTransaction> BeginAsync() => _connection is SqliteConnection sqlite ? sqlite.BeginTransaction(deferred: true) : await _connection.BeginTransactionAsync(_ended.Token);

    private async Task ExecuteAsync(string text)
    {
        await using var command = _connection.CreateCommand();
        command.Transaction = _transaction;
        command.CommandText = text;
        await command.ExecuteNonQueryAsync(_ended.Token);
    }

    private async Task<DbDataReader> ExecuteReaderAsync(string query)
    {
        var seconds = (int)Math.Ceiling(_limit.TotalSeconds);
        if (_connection is NpgsqlConnection npgsql)
        {
            // A batch is sent as it is: the driver would send several statements one by one, and the first could end the transaction that may only read. Of one, the server takes one statement.
            var batch = new NpgsqlBatch(npgsql, (NpgsqlTransaction?)_transaction) { Timeout = seconds, BatchCommands = { new NpgsqlBatchCommand(query) } };
            (_command, _stop) = (batch, batch.Cancel);
            return await batch.ExecuteReaderAsync(_ended.Token);
        }

        var command = _connection.CreateCommand();
        (command.Transaction, command.CommandText, command.CommandTimeout) = (_transaction, query, seconds);
        (_command, _stop) = (command, command.Cancel);
        return await command.ExecuteReaderAsync(CommandBehavior.SingleResult, _ended.Token);
    }

    /// <summary>A failure in words; null for one that is not the database's, and when the caller himself gave up.</summary>
    private string? Explain(Exception e) => _cancel.IsCancellationRequested ? null
        : _late.IsCancellationRequested || SqlProblem.IsTimeout(e)
            ? $"The query was broken off: it took longer than {Words.Length(_limit)} ({_limitName}). Make it faster, perhaps by an index, or allow more time. Nothing was written."
        : SqlProblem.Of(e, _reader is not null);

    private static async ValueTask QuietlyAsync(Func<ValueTask> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is DbException or InvalidOperationException or IOException or OperationCanceledException)
        {
            // The connection is gone, or was told to stop; nothing of it was to be kept.
        }
    }

    private static void Interrupt(SqliteConnection connection)
    {
        if (connection.State == ConnectionState.Open)
        {
            SQLitePCL.raw.sqlite3_interrupt(connection.Handle);
        }
    }

    private readonly struct Cells(string?[] cells) : IAccountCells
    {
        public string? this[int column] => cells[column];
    }
}

/// <summary>The columns of the query.</summary>
internal static class SqlColumns
{
    private const int MostNamed = 10;

    /// <summary>Place of each known column in the query, -1 where it is missing.</summary>
    /// <exception cref="ImportUnreadableException">A required column is missing, one is not known, or one stands there twice: all said at once.</exception>
    public static int[] Places(IReadOnlyList<string> columns)
    {
        var known = CsvReaderOfAccounts.Columns;
        if (columns.Count == 0)
        {
            throw new ImportUnreadableException($"The query gives no rows: it must be one SELECT with the columns {string.Join(", ", known)}. Only account_id and email are required. Nothing was written.");
        }

        string[] names = [.. columns.Select(c => c.Trim().ToLowerInvariant())];
        List<string> problems = [];
        if (CsvReaderOfAccounts.Required.Select(c => known[c]).Except(names).ToList() is { Count: > 0 } missing)
        {
            problems.Add($"The query gives no column {string.Join(" and no column ", missing)}.");
        }

        if (names.Except(known).ToList() is { Count: > 0 } unknown)
        {
            var more = unknown.Count > MostNamed ? $" and {unknown.Count - MostNamed} more" : "";
            problems.Add($"It gives columns that are not known: {string.Join(", ", unknown.Take(MostNamed).Select(ImportText.Quoted))}{more}.");
        }

        if (names.GroupBy(n => n, StringComparer.Ordinal).Where(g => g.Count() > 1 && known.Contains(g.Key)).Select(g => g.Key).ToList() is { Count: > 0 } twice)
        {
            problems.Add($"It gives a column twice: {string.Join(", ", twice)}.");
        }

        return problems.Count == 0 ? [.. known.Select(c => Array.IndexOf(names, c))]
            : throw new ImportUnreadableException($"{string.Join(" ", problems)} Name its columns with AS; known are {string.Join(", ", known)}. Nothing was written.");
    }
}
