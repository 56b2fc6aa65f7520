using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DomainGuard.Data.Providers;

/// <summary>
/// A statement prepared on one SQLite connection. It sets its parameters by position: <see cref="SqliteCommand"/> looks each up by its name and makes a reader for every run,
/// which costs more than what SQLite itself does for a short row. Values are stored exactly as <see cref="SqliteCommand"/> stores them.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    // As Microsoft.Data.Sqlite writes a DateTime; what it reads, orders and compares relies on it.
    private const string Instant = @"yyyy\-MM\-dd HH\:mm\:ss.FFFFFFF";
    private const int WholeSeconds = 19;
    private readonly sqlite3 _db;
    private readonly sqlite3_stmt _prepared;
    private readonly int[] _positions;

    // What SQLite holds at each place: it keeps it from run to run, at first NULL. Much of a row is what the row before said.
    private readonly object?[] _bound;
    private byte[] _text = new byte[256];

    public SqliteStatement(SqliteConnection connection, SqlStatement statement)
    {
        _db = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(_db, statement.Text, out _prepared), _db);
        _bound = new object?[statement.Kinds.Count];
        // SQLite counts parameters in the order in which their names first occur; 0: it does not occur.
        _positions = [.. Enumerable.Range(0, statement.Kinds.Count).Select(i => raw.sqlite3_bind_parameter_index(_prepared, string.Create(CultureInfo.InvariantCulture, $"@p{i}")))];
    }

    /// <summary>Runs it and gives back the number of rows it touched.</summary>
    public int Execute(object?[] values)
    {
        for (var i = 0; i < _positions.Length; i++)
        {
            // An array may hold other bytes than when it was bound.
            if (_positions[i] > 0 && (values[i] is byte[] || !Equals(_bound[i], values[i])))
            {
                _bound[i] = this; // nothing that is ever given: a value that SQLite refuses leaves the place empty
                SqliteException.ThrowExceptionForRC(Bind(_positions[i], values[i]), _db);
                _bound[i] = values[i];
            }
        }

        var result = raw.sqlite3_step(_prepared);
        // A statement that is not reset holds its locks; the reset repeats the error of the step.
        var reset = raw.sqlite3_reset(_prepared);
        if (result != raw.SQLITE_DONE)
        {
            SqliteException.ThrowExceptionForRC(reset == raw.SQLITE_OK ? raw.SQLITE_MISUSE : reset, _db);
        }

        return raw.sqlite3_changes(_db);
    }

    public void Dispose() => _prepared.Dispose();

    private int Bind(int position, object? value) => value switch
    {
        null => raw.sqlite3_bind_null(_prepared, position),
        string text => Text(position, text),
        long number => raw.sqlite3_bind_int64(_prepared, position, number),
        int number => raw.sqlite3_bind_int(_prepared, position, number),
        bool flag => raw.sqlite3_bind_int(_prepared, position, flag ? 1 : 0),
        DateTimeOffset at => Time(position, StatementSession.Stored(at)),
        Enum e => raw.sqlite3_bind_int(_prepared, position, Convert.ToInt32(e, CultureInfo.InvariantCulture)),
        byte[] bytes => raw.sqlite3_bind_blob(_prepared, position, bytes),
        Guid key => Text(position, key.ToString().ToUpperInvariant()),
        _ => throw new NotSupportedException($"No SQLite statement takes a {value.GetType().Name}."),
    };

    private int Text(int position, string text)
    {
        if (text.Length == 0)
        {
            // An empty span has no address, which SQLite would take for NULL.
            return raw.sqlite3_bind_text(_prepared, position, text);
        }

        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_text.Length < most)
        {
            _text = new byte[most];
        }

        return raw.sqlite3_bind_text(_prepared, position, _text.AsSpan(0, Encoding.UTF8.GetBytes(text, _text)));
    }

    private int Time(int position, DateTime at)
    {
        Span<byte> text = stackalloc byte[32];
        var length = WholeSeconds;
        _ = at.Ticks % TimeSpan.TicksPerSecond == 0
            ? at.TryFormat(text, out _, "u", CultureInfo.InvariantCulture) // the same and a Z, in a tenth of the time
            : at.TryFormat(text, out length, Instant, CultureInfo.InvariantCulture);
        return raw.sqlite3_bind_text(_prepared, position, text[..length]);
    }
}
