using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Exports;
using DomainGuard.Web.Features.Audit;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Exports;

/// <summary>What is to be written.</summary>
/// <param name="Kind">What.</param>
/// <param name="Format">How.</param>
/// <param name="Filter">Which rows.</param>
/// <param name="By">For whom.</param>
internal sealed record ExportOrder(ExportKind Kind, ExportFormat Format, AuditFilter Filter, AuditActor By);

/// <summary>What was written.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Size">Size of the zip in bytes.</param>
/// <param name="FileHash">SHA-256 of the zip in lower-case hex.</param>
/// <param name="Manifest">What lies in it.</param>
internal sealed record ExportWritten(long Rows, long Size, string FileHash, ExportManifest Manifest);

/// <summary>
/// Writes an export into one zip: the data, the manifest with hash and checkpoints, the signed manifest, the public keys. Rows are read by page, formatted, and packed side by side;
/// memory does not grow with their number.
/// </summary>
internal sealed class WriteExport(IDbContextFactory<GuardDb> dbs, MakeCheckpoint checkpoint, AuditKeys keys, GuardClock clock)
{
    private const int MostCheckpoints = 1_000;
    private const int BlockSize = 1024 * 1024;

    /// <summary>Writes it, over what may stand there.</summary>
    /// <param name="order">What.</param>
    /// <param name="path">The zip.</param>
    /// <param name="progress">Told rows written, every few thousand.</param>
    /// <param name="cancel">Cancels; a file half written is left to the caller.</param>
    public async Task<ExportWritten> ExecuteAsync(ExportOrder order, string path, Func<long, Task>? progress, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await db.Database.OpenConnectionAsync(cancel);
        var isAudit = order.Kind == ExportKind.Audit;
        if (isAudit)
        {
            // What the file ends with must be what this checkpoint names, where no end was asked for.
            await checkpoint.ForExportAsync(cancel);
        }

        var span = isAudit ? await AuditQueries.SpanAsync(db, order.Filter, cancel) : null;
        ExportManifest manifest;
        long rows;
        await using (var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, BlockSize))
        {
            // Not "using": disposing writes the end of the zip, which must happen before the file is hashed, and not after a failure.
            var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true);
            var name = order.Kind.ToString().ToLowerInvariant() + (order.Format == ExportFormat.Csv ? ".csv" : ".jsonl");
            var data = new DataFile(zip.CreateEntry(name, CompressionLevel.Fastest));
            rows = await WriteAsync(db, order, span, data, progress, cancel);
            manifest = await ManifestAsync(db, order, span, rows, data, name, cancel);
            await EndAsync(zip, manifest, cancel);
            await zip.DisposeAsync();
        }

        await using var written = File.OpenRead(path);
        return new ExportWritten(rows, written.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(written, cancel)), manifest);
    }

    private async Task EndAsync(ZipArchive zip, ExportManifest manifest, CancellationToken cancel)
    {
        var json = manifest.ToBytes();
        await AddAsync(ExportManifest.FileName, json);
        await AddAsync(ExportManifest.SignatureName, Encoding.ASCII.GetBytes(SignedText.Make(json, ExportManifest.SignatureType, keys.Signing)));
        await AddAsync("keys.jwks", Encoding.UTF8.GetBytes(AuditEndpoints.KeySet(keys)));

        async Task AddAsync(string name, byte[] bytes)
        {
            await using var stream = await zip.CreateEntry(name).OpenAsync(cancel);
            await stream.WriteAsync(bytes, cancel);
        }
    }

    private async Task<ExportManifest> ManifestAsync(GuardDb db, ExportOrder order, AuditSpan? span, long rows, DataFile data, string name, CancellationToken cancel)
    {
        List<string> checkpoints = [];
        string? lastHash = null;
        long unsealed = 0;
        if (span is not null)
        {
            checkpoints = await db.AuditCheckpoints.AsNoTracking().Where(c => c.Sequence >= span.First - 1).OrderByDescending(c => c.At).Take(MostCheckpoints).Select(c => c.Token).ToListAsync(cancel);
            checkpoints.Reverse();
            lastHash = await db.AuditEntries.Where(e => e.Sequence == span.Last).Select(e => e.Hash).FirstOrDefaultAsync(cancel) is { } hash ? Convert.ToHexStringLower(hash) : null;
            unsealed = await (await AuditQueries.MatchingAsync(db, order.Filter, cancel)).LongCountAsync(e => e.Sequence == null, cancel);
        }

        return new ExportManifest(
            ExportManifest.SchemaVersion,
            order.Kind.ToString(),
            order.Format.ToString(),
            clock.Now,
            $"{order.By.Kind} {order.By.Id}",
            ExportFilter.Words(order.Filter),
            span is not null && order.Filter.IsSpan,
            rows,
            span?.First ?? 0,
            span?.Last ?? 0,
            lastHash,
            unsealed,
            order is { Kind: ExportKind.Audit, Format: ExportFormat.JsonLines } ? ["comment", "contentHash", "entry", "hash", "previous", "sequence"] : ExportTables.ColumnsOf(order.Kind),
            new ExportManifest.DataFile(name, data.Length, data.Hash(), order.Format == ExportFormat.Csv ? "UTF-8 with byte order mark" : "UTF-8"),
            checkpoints);
    }

    /// <summary>Formats here, packs in a task of its own.</summary>
    private static async Task<long> WriteAsync(GuardDb db, ExportOrder order, AuditSpan? span, DataFile data, Func<long, Task>? progress, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var blocks = Channel.CreateBounded<ArraySegment<byte>>(new BoundedChannelOptions(4) { SingleReader = true, SingleWriter = true });
        var packing = Task.Run(() => PackAsync(blocks.Reader, data, stop), CancellationToken.None);
        Exception? failure = null;
        long rows = 0;
        try
        {
            if (order.Format == ExportFormat.Csv)
            {
                await SendAsync(blocks.Writer, [0xEF, 0xBB, 0xBF, .. Encoding.ASCII.GetBytes(string.Join(',', ExportTables.ColumnsOf(order.Kind)) + "\r\n")], stop.Token);
            }

            rows = span is not null ? await AuditAsync(db, order, span, blocks.Writer, progress, stop.Token) : await TableAsync(db, order, blocks.Writer, progress, stop.Token);
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            blocks.Writer.TryComplete(failure);
            // The packer's own failure (a full disk) is the one worth telling.
            await packing.ConfigureAwait(failure is null or OperationCanceledException && !cancel.IsCancellationRequested ? ConfigureAwaitOptions.None : ConfigureAwaitOptions.SuppressThrowing);
        }

        return rows;
    }

    private static async Task<long> TableAsync(GuardDb db, ExportOrder order, ChannelWriter<ArraySegment<byte>> blocks, Func<long, Task>? progress, CancellationToken cancel)
    {
        var columns = ExportTables.ColumnsOf(order.Kind);
        RowWriter row = order.Format == ExportFormat.Csv ? new CsvRowWriter() : new JsonRowWriter(columns);
        long rows = 0;
        await foreach (var page in ExportTables.PagesAsync(db, order.Kind, order.Filter, cancel))
        {
            row.Clear();
            page.Write(row);
            await SendAsync(blocks, row.Written, cancel);
            rows += page.Count;
            await (progress?.Invoke(rows) ?? Task.CompletedTask);
        }

        return rows;
    }

    private static async Task<long> AuditAsync(GuardDb db, ExportOrder order, AuditSpan span, ChannelWriter<ArraySegment<byte>> blocks, Func<long, Task>? progress, CancellationToken cancel)
    {
        var matching = order.Filter.IsSpan ? db.AuditEntries : await AuditQueries.MatchingAsync(db, order.Filter, cancel);
        var csv = order.Format == ExportFormat.Csv ? new CsvRowWriter() : null;
        var lines = new CanonicalJsonWriter();
        long rows = 0, last = -1;
        byte[] lastHash = [];
        for (var after = span.First - 1; after < span.Last;)
        {
            var page = await ReadEntries.PageAsync(matching, after, span.Last, cancel);
            if (page.Count == 0)
            {
                break;
            }

            after = page[^1].Sequence!.Value;
            var before = await PreviousAsync(db, page, last, cancel);
            csv?.Clear();
            lines.Clear();
            foreach (var entry in page)
            {
                var sequence = entry.Sequence!.Value;
                var previous = sequence == last + 1 ? lastHash : before.GetValueOrDefault(sequence - 1) ?? AuditChain.Genesis.ToArray();
                if (csv is not null)
                {
                    ExportTables.Write(csv, entry, previous);
                }
                else
                {
                    WriteLine(lines, entry, previous);
                }

                (last, lastHash) = (sequence, entry.Hash!);
            }

            await SendAsync(blocks, csv is not null ? csv.Written : lines.Written, cancel);
            rows += page.Count;
            await (progress?.Invoke(rows) ?? Task.CompletedTask);
        }

        return rows;
    }

    /// <summary>A line of JSON Lines: the entry in its canonical form, and its place in the chain. The line is canonical JSON itself.</summary>
    internal static void WriteLine(CanonicalJsonWriter line, AuditEntry entry, byte[] previous)
    {
        line.Begin();
        line.Text("comment", entry.Comment);
        line.Hex("contentHash", entry.ContentHash);
        line.BeginNested("entry");
        AuditTrail.WriteFields(line, entry);
        line.End();
        line.Hex("hash", entry.Hash);
        line.Hex("previous", previous);
        line.Number("sequence", entry.Sequence);
        line.End();
        line.Line();
    }

    /// <summary>Hashes of those entries before entries of the page that are not in it.</summary>
    private static async Task<Dictionary<long, byte[]>> PreviousAsync(GuardDb db, List<AuditEntry> page, long last, CancellationToken cancel)
    {
        List<long> missing = [];
        foreach (var entry in page)
        {
            if (entry.Sequence!.Value - 1 is var before && before != last && before > 0)
            {
                missing.Add(before);
            }

            last = entry.Sequence.Value;
        }

        Dictionary<long, byte[]> found = [];
        foreach (var some in missing.Chunk(1_000))
        {
            foreach (var pair in await db.AuditEntries.AsNoTracking().Where(e => EF.Parameter(some).Contains(e.Sequence!.Value)).Select(e => new { e.Sequence, e.Hash }).ToListAsync(cancel))
            {
                found[pair.Sequence!.Value] = pair.Hash!;
            }
        }

        return found;
    }

    private static Task SendAsync(ChannelWriter<ArraySegment<byte>> blocks, ReadOnlySpan<byte> bytes, CancellationToken cancel)
    {
        var rented = ArrayPool<byte>.Shared.Rent(Math.Max(1, bytes.Length));
        bytes.CopyTo(rented);
        return blocks.WriteAsync(new ArraySegment<byte>(rented, 0, bytes.Length), cancel).AsTask();
    }

    private static async Task PackAsync(ChannelReader<ArraySegment<byte>> blocks, DataFile data, CancellationTokenSource stop)
    {
        try
        {
            await using var stream = await data.OpenAsync(stop.Token);
            await foreach (var block in blocks.ReadAllAsync(stop.Token))
            {
                data.Append(block);
                await stream.WriteAsync(block, stop.Token);
                ArrayPool<byte>.Shared.Return(block.Array!);
            }
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }

    /// <summary>The data in the zip, hashed as it is written.</summary>
    private sealed class DataFile(ZipArchiveEntry entry)
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Length { get; private set; }

        public Task<Stream> OpenAsync(CancellationToken cancel) => entry.OpenAsync(cancel);

        public void Append(ArraySegment<byte> block)
        {
            _hash.AppendData(block);
            Length += block.Count;
        }

        public string Hash() => Convert.ToHexStringLower(_hash.GetHashAndReset());
    }
}
