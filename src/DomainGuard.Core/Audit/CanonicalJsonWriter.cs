using System.Buffers;
using System.Globalization;
using System.Text;

namespace DomainGuard.Core.Audit;

/// <summary>
/// Writes one object in the form of RFC 8785 (JCS). Strings are escaped as its section 3.2.2.2 says and no further: the encoders of System.Text.Json also escape what the Unicode
/// tables of the running .NET do not know, which would let a hash depend on the version of the runtime. The caller gives fields in ordinal order of their names, which are plain
/// ASCII; fields without value are left out. Use one again after <see cref="Clear"/>: it then allocates nothing.
/// </summary>
public sealed class CanonicalJsonWriter
{
    private const int LongestNumber = 20;
    private const int InstantLength = 27;
    private static readonly SearchValues<char> Escaped = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\', .. Enumerable.Range(0xD800, 0x800).Select(c => (char)c)]);

    private byte[] _bytes = new byte[1024];
    private int _length;
    private bool _hasFields;

    /// <summary>What was written, in UTF-8; valid until the next call.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Forgets what was written.</summary>
    public void Clear() => (_length, _hasFields) = (0, false);

    /// <summary>Begins the object.</summary>
    public void Begin()
    {
        Byte((byte)'{');
        _hasFields = false;
    }

    /// <summary>Ends the object.</summary>
    public void End()
    {
        Byte((byte)'}');
        _hasFields = true;
    }

    /// <summary>Ends a line: what follows is another object, as in JSON Lines.</summary>
    public void Line() => Byte((byte)'\n');

    /// <summary>A string; nothing when it is null. What is no UTF-16 (a lone surrogate) becomes U+FFFD, as it does when a database stores it.</summary>
    public void Text(string name, string? value)
    {
        if (value is not null)
        {
            Name(name);
            Quoted(value);
        }
    }

    /// <summary>A whole number; nothing when it is null. Beyond 2^53 JSON readers would round it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is beyond 2^53.</exception>
    public void Number(string name, long? value)
    {
        if (value is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(number, 1L << 53, name);
            ArgumentOutOfRangeException.ThrowIfLessThan(number, -(1L << 53), name);
            Name(name);
            number.TryFormat(Room(LongestNumber), out var written, default, CultureInfo.InvariantCulture);
            _length += written;
        }
    }

    /// <summary>True or false.</summary>
    public void Flag(string name, bool value)
    {
        Name(name);
        Bytes(value ? "true"u8 : "false"u8);
    }

    /// <summary>An instant as <see cref="CanonicalJson.Instant"/> gives it.</summary>
    public void Instant(string name, DateTimeOffset value)
    {
        Name(name);
        Byte((byte)'"');
        // "O" has seven decimals: the last one is cut.
        value.UtcDateTime.TryFormat(Room(InstantLength + 1), out _, "O", CultureInfo.InvariantCulture);
        _length += InstantLength - 1;
        Bytes("Z\""u8);
    }

    /// <summary>Bytes in lower-case hex; nothing when null.</summary>
    public void Hex(string name, byte[]? value)
    {
        if (value is not null)
        {
            Name(name);
            Byte((byte)'"');
            Convert.TryToHexStringLower(value, Room(value.Length * 2), out var written);
            _length += written;
            Byte((byte)'"');
        }
    }

    /// <summary>A key in its usual form, lower case; nothing when null.</summary>
    public void Key(string name, Guid? value)
    {
        if (value is { } key)
        {
            Name(name);
            Byte((byte)'"');
            key.TryFormat(Room(36), out var written, "D");
            _length += written;
            Byte((byte)'"');
        }
    }

    /// <summary>Begins an object as the value of a field; it ends with <see cref="End"/>.</summary>
    public void BeginNested(string name)
    {
        Name(name);
        Begin();
    }

    private void Name(string name)
    {
        if (_hasFields)
        {
            Byte((byte)',');
        }

        _hasFields = true;
        Quoted(name);
        Byte((byte)':');
    }

    private void Quoted(ReadOnlySpan<char> text)
    {
        Byte((byte)'"');
        while (text.Length > 0)
        {
            var plain = text.IndexOfAny(Escaped);
            var run = plain < 0 ? text : text[..plain];
            if (run.Length > 0)
            {
                _length += Encoding.UTF8.GetBytes(run, Room(run.Length * 3));
                text = text[run.Length..];
            }

            if (text.Length > 0)
            {
                text = text[Escape(text)..];
            }
        }

        Byte((byte)'"');
    }

    private int Escape(ReadOnlySpan<char> text)
    {
        var c = text[0];
        if (char.IsSurrogate(c))
        {
            // A pair as its four bytes; half of one as U+FFFD.
            Rune.DecodeFromUtf16(text, out var rune, out var used);
            _length += rune.EncodeToUtf8(Room(4));
            return used;
        }

        ReadOnlySpan<byte> escape = c switch
        {
            '"' => "\\\""u8,
            '\\' => "\\\\"u8,
            '\b' => "\\b"u8,
            '\t' => "\\t"u8,
            '\n' => "\\n"u8,
            '\f' => "\\f"u8,
            '\r' => "\\r"u8,
            _ => default,
        };
        if (escape.Length > 0)
        {
            Bytes(escape);
        }
        else
        {
            Bytes("\\u00"u8);
            Byte((byte)"0123456789abcdef"[c >> 4]);
            Byte((byte)"0123456789abcdef"[c & 15]);
        }

        return 1;
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _length += bytes.Length;
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
