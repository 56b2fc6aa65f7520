using System.IO.Compression;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Imports;

namespace DomainGuard.Web.Features.Sync;

/// <summary>
/// The lines of a request, unpacked as they are read. What comes out is limited as what comes in is, and may not be much more of it: a few kilobytes of zeros unpack to
/// gigabytes, while a list of accounts, no two of which are the same, packs to a tenth.
/// </summary>
internal sealed class SyncBody : ForwardStream
{
    private const int MostPacked = 100;
    private const long AlwaysTaken = 1024 * 1024;

    private readonly Stream _lines;
    private readonly Counted _sent;
    private readonly long _most;
    private long _read;

    private SyncBody(Counted sent, long most) => (_sent, _lines, _most) = (sent, new GZipStream(sent, CompressionMode.Decompress, leaveOpen: true), most);

    /// <summary>The lines of a request; null when they are packed in a way that is not known here.</summary>
    /// <param name="request">The request.</param>
    /// <param name="most">Bytes that it may unpack to.</param>
    public static Stream? Of(HttpRequest request, long most) => request.Headers.ContentEncoding.ToString() switch
    {
        "" => request.Body,
        var encoding when encoding.Equals("identity", StringComparison.OrdinalIgnoreCase) => request.Body,
        var encoding when encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase) => new SyncBody(new Counted(request.Body), most),
        _ => null,
    };

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await _lines.ReadAsync(buffer, cancellationToken);
            _read += read;
            if (_read > _most || (_read > AlwaysTaken && _read / MostPacked > _sent.Bytes))
            {
                throw new ApiProblemException(ApiProblems.BodyTooLarge with { Detail = $"Unpacked it is larger than {_most} bytes, or more than {MostPacked} times what was sent." });
            }

            // What was cut off unpacks without complaint, and would be a shorter list: a full one retires who is not named. RFC 1952, 2.3.1: it ends with its length.
            return read > 0 || buffer.IsEmpty || _sent.Tail == (uint)_read ? read : throw Broken();
        }
        catch (InvalidDataException)
        {
            throw Broken();
        }

        static ApiProblemException Broken() => new(ApiProblems.InvalidRequest with { Detail = "The body is no gzip, or not all of it, or more than one. Nothing was written." });
    }

    public override async ValueTask DisposeAsync()
    {
        await _lines.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Counts what came.</summary>
    private sealed class Counted(Stream body) : ForwardStream
    {
        public long Bytes { get; private set; }

        /// <summary>The last four, as a number (little-endian).</summary>
        public uint Tail { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await body.ReadAsync(buffer, cancellationToken);
            Bytes += read;
            foreach (var last in buffer.Span[Math.Max(0, read - 4)..read])
            {
                Tail = (Tail >> 8) | ((uint)last << 24);
            }

            return read;
        }
    }
}
