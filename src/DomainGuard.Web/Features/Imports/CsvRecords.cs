using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace DomainGuard.Web.Features.Imports;

/// <summary>What stood at a place of a CSV file.</summary>
internal enum CsvRead
{
    Record,
    TooLong,
    StrayQuote,
    Unclosed,
    End,
}

/// <summary>
/// Takes a stream of CSV (RFC 4180) apart: fields in quotes may hold commas, quotes (doubled) and line ends; lines end with CR, LF or both. It keeps one record of at most
/// 1 MiB, whatever stands in the file; after a record that cannot be read it goes on at the next line end.
/// </summary>
internal sealed class CsvRecords(Stream file)
{
    internal const int MaxRecord = 1024 * 1024;
    private static readonly SearchValues<byte> EndOfPlain = SearchValues.Create(",\"\r\n"u8);

    private readonly List<(int Start, int Length, bool IsQuoted)> _fields = [];
    private byte[] _buffer = new byte[128 * 1024];
    private int _start;
    private int _end;
    private bool _isWhole;
    private int _nextLine = 1;

    /// <summary>Line in which the record begins, from 1.</summary>
    public int Line { get; private set; }

    /// <summary>Fields of the record, until the next one is read.</summary>
    public int Count => _fields.Count;

    /// <summary>One field, without its quotes.</summary>
    public string this[int index]
    {
        get
        {
            var (start, length, isQuoted) = _fields[index];
            var text = Encoding.UTF8.GetString(_buffer, start, length);
            return isQuoted ? text.Replace("\"\"", "\"", StringComparison.Ordinal) : text;
        }
    }

    /// <summary>Reads the next record that is no empty line.</summary>
    /// <exception cref="ImportUnreadableException">A byte is no UTF-8.</exception>
    public async ValueTask<CsvRead> ReadAsync(CancellationToken cancel)
    {
        while (true)
        {
            Line = _nextLine;
            var (read, length) = Scan();
            if (length < 0 && _end - _start <= MaxRecord && !_isWhole)
            {
                await FillAsync(cancel);
                continue;
            }

            if (length < 0 && _end - _start > MaxRecord)
            {
                await SkipLineAsync(cancel);
                return CsvRead.TooLong;
            }

            var bytes = _buffer.AsSpan(_start, length);
            if (read != CsvRead.End && !Utf8.IsValid(bytes))
            {
                throw new ImportUnreadableException(ImportText.NotUtf8(Line));
            }

            _start += length;
            _nextLine += Lines(bytes);
            if (read != CsvRead.Record || _fields is not [{ Length: 0, IsQuoted: false }])
            {
                return read;
            }
        }
    }

    /// <summary>Takes the record at the start of the buffer apart; the length is negative while its end is not there.</summary>
    private (CsvRead Read, int Length) Scan()
    {
        _fields.Clear();
        if (_start == _end && _isWhole)
        {
            return (CsvRead.End, 0);
        }

        var at = _start;
        while (true)
        {
            if (at < _end && _buffer[at] == '"')
            {
                var from = ++at;
                while (true)
                {
                    var quote = _buffer.AsSpan(at, _end - at).IndexOf((byte)'"');
                    if (quote < 0)
                    {
                        return (CsvRead.Unclosed, _isWhole ? _end - _start : -1);
                    }

                    at += quote + 1;
                    if (at == _end && !_isWhole)
                    {
                        return (CsvRead.Record, -1);
                    }

                    if (at == _end || _buffer[at] != '"')
                    {
                        break;
                    }

                    at++;
                }

                _fields.Add((from, at - 1 - from, true));
            }
            else
            {
                var length = _buffer.AsSpan(at, _end - at).IndexOfAny(EndOfPlain);
                if (length < 0 && !_isWhole)
                {
                    return (CsvRead.Record, -1);
                }

                length = length < 0 ? _end - at : length;
                _fields.Add((at, length, false));
                at += length;
            }

            if (at == _end)
            {
                return (CsvRead.Record, _isWhole ? _end - _start : -1);
            }

            switch (_buffer[at])
            {
                case (byte)',':
                    at++;
                    break;
                case (byte)'\n':
                    return (CsvRead.Record, at + 1 - _start);
                case (byte)'\r':
                    return (CsvRead.Record, AfterReturn(at));
                default:
                    // A quote inside a plain field, or text after a closing quote: nobody knows where this record ends, so it ends with the line.
                    var end = _buffer.AsSpan(at, _end - at).IndexOfAny((byte)'\n', (byte)'\r');
                    return (CsvRead.StrayQuote, end < 0 ? (_isWhole ? _end - _start : -1) : _buffer[at + end] == '\r' ? AfterReturn(at + end) : at + end + 1 - _start);
            }
        }
    }

    /// <summary>Length of the record that ends with the CR at a place, or with CRLF.</summary>
    private int AfterReturn(int at) => at + 1 == _end && !_isWhole ? -1 : at + (at + 1 < _end && _buffer[at + 1] == '\n' ? 2 : 1) - _start;

    private async ValueTask FillAsync(CancellationToken cancel)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = await file.ReadAsync(_buffer.AsMemory(_end), cancel);
        _end += read;
        _isWhole = read == 0;
    }

    /// <summary>Passes over the 1 MiB that was kept and the rest of the line in which that ends. Lines on the way count, so that later line numbers stay right.</summary>
    private async ValueTask SkipLineAsync(CancellationToken cancel)
    {
        for (var from = MaxRecord; ; from = 0)
        {
            var bytes = _buffer.AsSpan(_start, _end - _start);
            var end = bytes[from..].IndexOf((byte)'\n');
            var skipped = end < 0 ? bytes : bytes[..(from + end + 1)];
            _nextLine += Lines(skipped);
            _start += skipped.Length;
            if (end >= 0 || _isWhole)
            {
                return;
            }

            _start = _end = 0;
            await FillAsync(cancel);
        }
    }

    /// <summary>Line ends: LF, CRLF, and CR alone.</summary>
    private static int Lines(ReadOnlySpan<byte> bytes)
    {
        var lines = bytes.Count((byte)'\n');
        for (var rest = bytes; rest.IndexOf((byte)'\r') is >= 0 and var at; rest = rest[(at + 1)..])
        {
            lines += at + 1 < rest.Length && rest[at + 1] == '\n' ? 0 : 1;
        }

        return lines;
    }
}
