using System.Buffers;
using System.Globalization;
using System.Text;
using DomainGuard.Core.Audit;

namespace DomainGuard.Web.Features.Exports;

/// <summary>Writes rows of an export into a buffer: each value in the order of the columns, nothing boxed.</summary>
internal abstract class RowWriter
{
    public abstract ReadOnlySpan<byte> Written { get; }

    public abstract void Clear();

    public abstract void Begin();

    public abstract void Text(string? value);

    public abstract void Number(long? value);

    public abstract void Flag(bool? value);

    public abstract void Instant(DateTimeOffset? value);

    public abstract void Hex(byte[]? value);

    public abstract void Key(Guid? value);

    public abstract void End();

    public void Word<T>(T? value)
        where T : struct, Enum => Text(value?.ToString());
}

/// <summary>One JSON object per line; a field without value is left out. Each line is canonical JSON: columns are given in ordinal order.</summary>
internal sealed class JsonRowWriter(IReadOnlyList<string> columns) : RowWriter
{
    private readonly CanonicalJsonWriter _form = new();
    private readonly int[] _order = [.. columns.Select((name, i) => (name, i)).OrderBy(c => c.name, StringComparer.Ordinal).Select(c => c.i)];
    private readonly object?[] _values = new object?[columns.Count];
    private int _column;

    public override ReadOnlySpan<byte> Written => _form.Written;

    public override void Clear() => _form.Clear();

    public override void Begin() => _column = 0;

    public override void Text(string? value) => _values[_column++] = value;

    public override void Number(long? value) => _values[_column++] = value;

    public override void Flag(bool? value) => _values[_column++] = value;

    public override void Instant(DateTimeOffset? value) => _values[_column++] = value;

    public override void Hex(byte[]? value) => _values[_column++] = value is null ? null : Convert.ToHexStringLower(value);

    public override void Key(Guid? value) => _values[_column++] = value?.ToString("D");

    public override void End()
    {
        _form.Begin();
        foreach (var i in _order)
        {
            switch (_values[i])
            {
                case string text:
                    _form.Text(columns[i], text);
                    break;
                case long number:
                    _form.Number(columns[i], number);
                    break;
                case bool flag:
                    _form.Flag(columns[i], flag);
                    break;
                case DateTimeOffset at:
                    _form.Instant(columns[i], at);
                    break;
            }
        }

        _form.End();
        _form.Line();
    }
}

/// <summary>
/// RFC 4180: commas, CR LF, quotes doubled. A cell that a spreadsheet would take for a formula, and one that begins with an apostrophe, gets an apostrophe in front: taking one
/// leading apostrophe away gives every cell back as it was.
/// </summary>
internal sealed class CsvRowWriter : RowWriter
{
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n");
    private byte[] _bytes = new byte[64 * 1024];
    private int _length;
    private bool _isFirst;

    public override ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public override void Clear() => _length = 0;

    public override void Begin() => _isFirst = true;

    public override void Text(string? value)
    {
        Comma();
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        var guard = value[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\'' or '＝' or '＋' or '－' or '＠';
        if (!value.AsSpan().ContainsAny(Quoted))
        {
            if (guard)
            {
                Byte((byte)'\'');
            }

            _length += Encoding.UTF8.GetBytes(value, Room(value.Length * 3));
            return;
        }

        Byte((byte)'"');
        if (guard)
        {
            Byte((byte)'\'');
        }

        var rest = value.AsSpan();
        for (int quote; (quote = rest.IndexOf('"')) >= 0; rest = rest[(quote + 1)..])
        {
            _length += Encoding.UTF8.GetBytes(rest[..(quote + 1)], Room((quote + 1) * 3));
            Byte((byte)'"');
        }

        _length += Encoding.UTF8.GetBytes(rest, Room(rest.Length * 3));
        Byte((byte)'"');
    }

    public override void Number(long? value)
    {
        Comma();
        if (value is { } number)
        {
            number.TryFormat(Room(20), out var written, default, CultureInfo.InvariantCulture);
            _length += written;
        }
    }

    public override void Flag(bool? value)
    {
        Comma();
        if (value is { } flag)
        {
            var word = flag ? "true"u8 : "false"u8;
            word.CopyTo(Room(word.Length));
            _length += word.Length;
        }
    }

    public override void Instant(DateTimeOffset? value)
    {
        Comma();
        if (value is { } at)
        {
            at.UtcDateTime.TryFormat(Room(28), out _, "O", CultureInfo.InvariantCulture);
            _length += 26;
            Byte((byte)'Z');
        }
    }

    public override void Hex(byte[]? value)
    {
        Comma();
        if (value is not null)
        {
            Convert.TryToHexStringLower(value, Room(value.Length * 2), out var written);
            _length += written;
        }
    }

    public override void Key(Guid? value)
    {
        Comma();
        if (value is { } key)
        {
            key.TryFormat(Room(36), out var written, "D");
            _length += written;
        }
    }

    public override void End()
    {
        Byte((byte)'\r');
        Byte((byte)'\n');
    }

    private void Comma()
    {
        if (!_isFirst)
        {
            Byte((byte)',');
        }

        _isFirst = false;
    }

    private void Byte(byte value)
    {
        Room(1)[0] = value;
        _length++;
    }

    private Span<byte> Room(int length)
    {
        if (_bytes.Length - _length < length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + length));
        }

        return _bytes.AsSpan(_length);
    }
}
