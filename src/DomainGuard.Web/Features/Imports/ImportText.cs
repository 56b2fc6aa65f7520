namespace DomainGuard.Web.Features.Imports;

/// <summary>Tells encodings that are not taken from the one that is.</summary>
internal static class ImportText
{
    /// <summary>A name of the file's own in a note: only where it is a plain word, so that no note ever repeats an address or a name of a person.</summary>
    public static string Quoted(string name) => name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? $"'{name}'" : "with an unusual name";

    public static string NotUtf8(int line) =>
        $"Near line {line} the file is not UTF-8; it may be Latin-1. Convert it, for example: iconv -f ISO-8859-1 -t UTF-8 accounts.csv > accounts-utf8.csv";

    /// <summary>Looks at the first bytes. A UTF-8 byte order mark is passed over.</summary>
    /// <exception cref="ImportUnreadableException">UTF-16, UTF-32, or compressed.</exception>
    public static async Task<Stream> OpenAsync(Stream file, CancellationToken cancel)
    {
        var buffered = new BufferedStream(file, 64 * 1024);
        var head = new byte[4];
        var length = 0;
        while (length < 4 && await buffered.ReadAsync(head.AsMemory(length), cancel) is > 0 and var read)
        {
            length += read;
        }

        var start = head.AsSpan(0, length);
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || start.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) || start.Contains((byte)0))
        {
            throw new ImportUnreadableException("The file is UTF-16 or UTF-32. Convert it to UTF-8, for example: iconv -f UTF-16 -t UTF-8 accounts.csv > accounts-utf8.csv");
        }

        if (start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) || start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]))
        {
            throw new ImportUnreadableException("The file is compressed. Unpack it, for example: zcat accounts.csv.gz | domainguard import - --format csv");
        }

        var skip = start.StartsWith("\uFEFF"u8) ? 3 : 0;
        return new Prefixed(head[skip..length], buffered);
    }

    /// <summary>Bytes that were read ahead, then the rest.</summary>
    private sealed class Prefixed(byte[] head, Stream rest) : ForwardStream
    {
        private int _given;

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_given == head.Length)
            {
                return rest.Read(buffer, offset, count);
            }

            var length = Math.Min(count, head.Length - _given);
            head.AsSpan(_given, length).CopyTo(buffer.AsSpan(offset));
            _given += length;
            return length;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_given == head.Length)
            {
                return await rest.ReadAsync(buffer, cancellationToken);
            }

            var length = Math.Min(buffer.Length, head.Length - _given);
            head.AsSpan(_given, length).CopyTo(buffer.Span);
            _given += length;
            return length;
        }

        protected override void Dispose(bool disposing)
        {
            rest.Dispose();
            base.Dispose(disposing);
        }
    }
}
