using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Web.Features.Exports;

namespace DomainGuard.Web.Features.Audit;

/// <summary>
/// Verifies an exported file without the database: the zip itself, or the JSON Lines out of it, with its manifest beside it where that is there. Every line is proved by itself and
/// from the line before; checkpoints and the manifest tell whether the end was cut off; a trusted key tells whether they are ours.
/// </summary>
internal sealed class VerifyFile
{
    private const int LongestLine = 16 * 1024 * 1024;
    private readonly IReadOnlyList<AuditKey> _keys;
    private readonly List<string> _notes = [];
    private readonly CanonicalJsonWriter _form = new();
    private ChainVerifier _verifier = new();
    private ExportManifest? _manifest;
    private int _checkpoints;
    private long _rewritten;
    private long _erased;

    /// <summary>With the keys that the reader trusts; none: signatures are not checked, and the report says so.</summary>
    private VerifyFile(IReadOnlyList<AuditKey> keys) => _keys = keys;

    /// <summary>Verifies.</summary>
    /// <param name="path">A zip, or JSON Lines.</param>
    /// <param name="keys">Trusted public keys.</param>
    /// <param name="outside">Checkpoints that were kept elsewhere, as tokens.</param>
    /// <param name="cancel">Cancels.</param>
    public static async Task<VerifyReport> ExecuteAsync(string path, IReadOnlyList<AuditKey> keys, IReadOnlyList<string> outside, CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        var run = new VerifyFile(keys);
        try
        {
            await using var file = File.OpenRead(path);
            if (await IsZipAsync(file, cancel))
            {
                using var zip = new ZipArchive(file, ZipArchiveMode.Read);
                await run.ZipAsync(zip, outside, cancel);
            }
            else
            {
                await run.BesideAsync(file, path, outside, cancel);
            }
        }
        catch (InvalidDataException e)
        {
            run._verifier.AddBadSeal(run._verifier.Last + 1, $"The zip is damaged or was cut off ({e.Message.TrimEnd('.')}).");
        }

        return run.Report(watch.Elapsed);
    }

    private VerifyReport Report(TimeSpan took)
    {
        var v = _verifier;
        v.Finish();
        if (_rewritten > 0)
        {
            _notes.Add($"{Number(_rewritten)} {(_rewritten == 1 ? "line was" : "lines were")} written anew (spaces, order or escapes), but say the same.");
        }

        return new VerifyReport(v.Count, v.First, v.Last, Convert.ToHexStringLower(v.LastHash), _erased, 0, _checkpoints, v.Fault, _notes, took);
    }

    private async Task ZipAsync(ZipArchive zip, IReadOnlyList<string> outside, CancellationToken cancel)
    {
        var manifest = zip.GetEntry(ExportManifest.FileName) is { } m ? await BytesAsync(m, cancel) : null;
        var signature = zip.GetEntry(ExportManifest.SignatureName) is { } s ? Encoding.ASCII.GetString(await BytesAsync(s, cancel)) : null;
        if (manifest is null || !Expect(manifest, signature, outside))
        {
            _verifier.AddBadSeal(0, "The zip holds no manifest.json: it is no export of DomainGuard, or something was taken out of it.");
            return;
        }

        if (zip.GetEntry(_manifest!.Data.File) is not { } data)
        {
            _verifier.AddBadSeal(0, $"The zip does not hold {_manifest.Data.File}, which its manifest names.");
            return;
        }

        await using var stream = await data.OpenAsync(cancel);
        await DataAsync(stream, cancel);
    }

    private async Task BesideAsync(FileStream file, string path, IReadOnlyList<string> outside, CancellationToken cancel)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var beside = Path.Combine(folder, ExportManifest.FileName);
        if (File.Exists(beside))
        {
            var signature = Path.Combine(folder, ExportManifest.SignatureName);
            if (!Expect(await File.ReadAllBytesAsync(beside, cancel), File.Exists(signature) ? await File.ReadAllTextAsync(signature, cancel) : null, outside))
            {
                return;
            }
        }
        else
        {
            _notes.Add("There is no manifest.json beside the file: only checkpoints that are given can show that its end was not cut off.");
            ExpectCheckpoints([], outside, null);
        }

        await DataAsync(file, cancel);
    }

    /// <summary>Takes what manifest and checkpoints say. False: what is wrong is known.</summary>
    private bool Expect(byte[] json, string? signature, IReadOnlyList<string> outside)
    {
        if ((_manifest = ExportManifest.Read(json)) is null)
        {
            _verifier.AddBadSeal(0, "manifest.json cannot be read.");
            return true;
        }

        _verifier = new ChainVerifier(isWhole: _manifest.IsWhole);
        var signed = signature is null ? null : SignedText.Read(signature, ExportManifest.SignatureType, _keys);
        if (signed is not null && (signed.State == SignatureState.Bad || !signed.Payload.AsSpan().SequenceEqual(json)))
        {
            _verifier.AddBadSeal(0, "manifest.json is not what its signature says: it was altered.");
        }
        else if (_keys.Count == 0)
        {
            _notes.Add("Signatures were not checked: give the public key with --key.");
        }
        else if (signed?.State != SignatureState.Good)
        {
            _verifier.AddBadSeal(0, signed?.State == SignatureState.UnknownKey ? $"The manifest is signed by another key ({signed.KeyId}) than the one that was given." : "The manifest is not signed, although a key was given.");
        }

        if (_manifest.IsProvable)
        {
            ExpectCheckpoints(_manifest.Checkpoints, outside, _manifest);
            if (_manifest is { Rows: > 0, LastHash: { } hash })
            {
                _verifier.Expect(_manifest.Last, Convert.FromHexString(hash));
            }
        }

        return true;
    }

    private void ExpectCheckpoints(IReadOnlyList<string> inside, IReadOnlyList<string> outside, ExportManifest? manifest)
    {
        foreach (var (token, isOutside) in inside.Select(t => (t, false)).Concat(outside.Select(t => (t, true))))
        {
            var said = ChainCheckpoint.Read(token, _keys, out var text);
            if (said is null || text.State == SignatureState.Bad)
            {
                _verifier.AddBadSeal(said?.Sequence ?? 0, "A checkpoint cannot be read, or its signature does not hold.");
                return;
            }

            if (_keys.Count > 0 && text.State != SignatureState.Good)
            {
                if (isOutside)
                {
                    _verifier.AddBadSeal(said.Sequence, "The checkpoint that was given is not signed by the key that was given.");
                    return;
                }

                _notes.Add($"The checkpoint #{Number(said.Sequence)} is unsigned, or signed by another key: it was not used.");
                continue;
            }

            _checkpoints++;
            // One that names a later entry says nothing of a part that was to end before it, nor of an export that is older.
            if (manifest is null || said.Sequence <= manifest.Last || (isOutside && said.At <= manifest.MadeAt && !manifest.Filter.ContainsKey("to")))
            {
                _verifier.Expect(said.Sequence, said.Hash);
            }
        }
    }

    private async Task DataAsync(Stream data, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (_manifest is { IsProvable: false })
        {
            _notes.Add($"{_manifest.Data.File} is proved as a whole, by its hash in the manifest; its lines carry no proof of their own. Export JSON Lines of the audit trail for that.");
        }

        await LinesAsync(data, hash, cancel);
        _verifier.Finish();
        if (_manifest is not null && !Convert.ToHexStringLower(hash.GetHashAndReset()).Equals(_manifest.Data.Sha256, StringComparison.Ordinal))
        {
            _verifier.AddBadSeal(
                _manifest.First,
                _manifest.IsProvable && _verifier.Count == _manifest.Rows
                    ? $"Every entry is whole, but {_manifest.Data.File} is not byte by byte what the manifest says: it was written anew (line ends, byte order mark, spaces)."
                    : $"{_manifest.Data.File} is not what the manifest says: lines were altered, added or taken out.");
        }
        else if (_manifest is { IsProvable: true } && _verifier.Count != _manifest.Rows)
        {
            _verifier.AddBadSeal(_verifier.Last + 1, $"{_manifest.Data.File} holds {Number(_verifier.Count)} entries, its manifest says {Number(_manifest.Rows)}.");
        }
    }

    private async Task LinesAsync(Stream data, IncrementalHash hash, CancellationToken cancel)
    {
        var buffer = new byte[256 * 1024];
        var (start, end, isFirst, isReading) = (0, 0, true, _manifest is not { IsProvable: false });
        while (true)
        {
            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
            }

            if (end == buffer.Length)
            {
                if (buffer.Length >= LongestLine)
                {
                    _verifier.AddUnreadable($"The line after #{Number(_verifier.Last)} is longer than 16 MiB.");
                    return;
                }

                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var read = await data.ReadAsync(buffer.AsMemory(end), cancel);
            hash.AppendData(buffer, end, read);
            end += read;
            if (isFirst)
            {
                isFirst = false;
                start = Begin(buffer.AsSpan(0, end));
                if (start < 0)
                {
                    return;
                }
            }

            for (int feed; isReading && (feed = buffer.AsSpan(start, end - start).IndexOf((byte)'\n')) >= 0; start += feed + 1)
            {
                isReading = Line(buffer.AsSpan(start, feed));
            }

            if (read == 0)
            {
                if (isReading && end > start)
                {
                    Line(buffer.AsSpan(start, end - start));
                }

                return;
            }

            start = isReading ? start : end;
        }
    }

    /// <summary>Where the first line begins; below 0 when it is no UTF-8.</summary>
    private int Begin(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            _notes.Add("The file begins with a byte order mark that the export does not write.");
            return 3;
        }

        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) || (bytes.Length > 1 && (bytes[0] == 0 || bytes[1] == 0)))
        {
            _verifier.AddUnreadable("The file is UTF-16: another program wrote it anew. Export it again.");
            return -1;
        }

        return 0;
    }

    private bool Line(ReadOnlySpan<byte> line)
    {
        line = line.EndsWith("\r"u8) ? line[..^1] : line;
        if (line.Trim((byte)' ').IsEmpty)
        {
            return true;
        }

        try
        {
            return Entry(line);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            _verifier.AddUnreadable($"The line after #{Number(_verifier.Last)} is no entry: {(e is JsonException ? "no JSON in UTF-8, or cut off" : "a field is missing or of another kind")}.");
            return false;
        }
    }

    private bool Entry(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        Span<byte> previous = stackalloc byte[AuditChain.HashLength], content = stackalloc byte[AuditChain.HashLength], hash = stackalloc byte[AuditChain.HashLength], computed = stackalloc byte[AuditChain.HashLength];
        long sequence = 0;
        string? comment = null;
        ReadOnlySpan<byte> entry = default;
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("sequence"u8))
            {
                reader.Read();
                sequence = reader.GetInt64();
            }
            else if (reader.ValueTextEquals("previous"u8))
            {
                Hex(ref reader, previous);
            }
            else if (reader.ValueTextEquals("contentHash"u8))
            {
                Hex(ref reader, content);
            }
            else if (reader.ValueTextEquals("hash"u8))
            {
                Hex(ref reader, hash);
            }
            else if (reader.ValueTextEquals("comment"u8))
            {
                reader.Read();
                comment = reader.GetString();
            }
            else if (reader.ValueTextEquals("entry"u8))
            {
                reader.Read();
                var from = (int)reader.TokenStartIndex;
                reader.Skip();
                entry = line[from..(int)reader.BytesConsumed];
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        Expect(!reader.Read() && !entry.IsEmpty && sequence > 0);
        SHA256.HashData(entry, computed);
        if (!computed.SequenceEqual(content))
        {
            // Perhaps it says the same in other bytes.
            Rewrite(entry);
            SHA256.HashData(_form.Written, computed);
            _rewritten += computed.SequenceEqual(content) ? 1 : 0;
        }

        var isAltered = comment is not null || entry.IndexOf("\"commentHash\":"u8) >= 0 ? IsAltered(entry, comment) : false;
        return _verifier.Add(new ChainLink { Sequence = sequence, Previous = previous, StatedContent = content, ComputedContent = computed, IsCommentAltered = isAltered, Hash = hash });
    }

    private bool IsAltered(ReadOnlySpan<byte> entry, string? comment)
    {
        using var json = JsonDocument.Parse(entry.ToArray());
        var stated = json.RootElement.TryGetProperty("commentHash", out var value) ? value.GetString() : null;
        if (comment is null)
        {
            _erased += stated is null ? 0 : 1;
            return false;
        }

        return stated != Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(comment)));
    }

    private void Rewrite(ReadOnlySpan<byte> entry)
    {
        using var json = JsonDocument.Parse(entry.ToArray());
        _form.Clear();
        _form.Begin();
        foreach (var field in json.RootElement.EnumerateObject().OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            if (field.Value.ValueKind == JsonValueKind.Number)
            {
                _form.Number(field.Name, field.Value.GetInt64());
            }
            else
            {
                _form.Text(field.Name, field.Value.GetString());
            }
        }

        _form.End();
    }

    private static void Hex(ref Utf8JsonReader reader, scoped Span<byte> bytes)
    {
        reader.Read();
        Expect(reader.TokenType == JsonTokenType.String && Convert.FromHexString(reader.ValueSpan, bytes, out _, out var written) == System.Buffers.OperationStatus.Done && written == bytes.Length);
    }

    private static void Expect(bool isSo)
    {
        if (!isSo)
        {
            throw new FormatException();
        }
    }

    private static async Task<bool> IsZipAsync(FileStream file, CancellationToken cancel)
    {
        var magic = new byte[4];
        var read = await file.ReadAtLeastAsync(magic, 4, throwOnEndOfStream: false, cancel);
        file.Position = 0;
        return read == 4 && magic.AsSpan().SequenceEqual("PK\x03\x04"u8);
    }

    private static async Task<byte[]> BytesAsync(ZipArchiveEntry entry, CancellationToken cancel)
    {
        await using var stream = await entry.OpenAsync(cancel);
        using var memory = new MemoryStream();
        await stream.CopyToAsync(memory, cancel);
        return memory.ToArray();
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
