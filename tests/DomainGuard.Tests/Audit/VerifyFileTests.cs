using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DomainGuard.Core.Audit;
using DomainGuard.Data.Exports;
using DomainGuard.Tests.Exports;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Exports;

namespace DomainGuard.Tests.Audit;

/// <summary>An export in somebody's hands, and what is noticed of what he did to it: without the database, with and without its manifest.</summary>
public sealed class VerifyFileTests(VerifyFileTests.Exported exported) : IClassFixture<VerifyFileTests.Exported>
{
    private const int Entries = 20;

    public sealed class Exported : IAsyncLifetime
    {
        internal AuditKey Key { get; } = AuditKey.Create();

        internal Dictionary<string, byte[]> Files { get; } = [];

        internal string Checkpoint { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            await using var world = await AuditWorld.CreateAsync(key: Key.ToPem());
            await ExportTests.FillAsync(world, Entries);
            var export = await ExportTests.MakeAsync(world, ExportKind.Audit, ExportFormat.JsonLines, new AuditFilter());
            await using var zip = await ZipFile.OpenReadAsync(ExportTests.FileOf(world, export));
            foreach (var entry in zip.Entries)
            {
                await using var stream = await entry.OpenAsync();
                using var memory = new MemoryStream();
                await stream.CopyToAsync(memory);
                Files[entry.FullName] = memory.ToArray();
            }

            Checkpoint = ExportManifest.Read(Files["manifest.json"])!.Checkpoints[^1];
        }

        public ValueTask DisposeAsync()
        {
            Key.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>What he does to the lines; what is found; the number that is named.</summary>
    public static TheoryData<string, ChainFaultKind, long> Touches => new()
    {
        { "alter a reason", ChainFaultKind.AlteredContent, 7 },
        { "alter a comment", ChainFaultKind.AlteredContent, 4 },
        { "alter a reason and its hash", ChainFaultKind.BrokenLink, 7 },
        { "alter and seal anew to the end", ChainFaultKind.OtherThanCheckpoint, 20 },
        { "take one out", ChainFaultKind.Gap, 7 },
        { "take the first out", ChainFaultKind.BadSeal, 1 },
        { "cut the tail", ChainFaultKind.TailCut, 16 },
        { "cut within a line", ChainFaultKind.Unreadable, 20 },
        { "cut all", ChainFaultKind.TailCut, 1 },
        { "swap two", ChainFaultKind.Reordered, 7 },
        { "repeat one", ChainFaultKind.Reordered, 7 },
        { "insert nonsense", ChainFaultKind.Unreadable, 8 },
        { "latin-1", ChainFaultKind.Unreadable, 4 },
        { "utf-16", ChainFaultKind.Unreadable, 1 },
    };

    [Theory]
    [MemberData(nameof(Touches))]
    public async Task What_was_done_to_an_export_is_named(string touch, ChainFaultKind kind, long sequence)
    {
        var report = await VerifyAsync(f => f["audit.jsonl"] = Touch(f["audit.jsonl"], touch), withKey: true);
        Assert.NotNull(report.Fault);
        Assert.Equal((kind, sequence), (report.Fault.Kind, report.Fault.Sequence));
    }

    [Theory]
    [InlineData("alter a reason", ChainFaultKind.AlteredContent, 7)]
    [InlineData("cut the tail", ChainFaultKind.TailCut, 16)]
    [InlineData("take one out", ChainFaultKind.Gap, 7)]
    public async Task The_bare_lines_are_verified_too_and_a_checkpoint_given_beside_them_notices_a_cut(string touch, ChainFaultKind kind, long sequence)
    {
        var folder = Directory.CreateTempSubdirectory("dg-lines-");
        try
        {
            var file = Path.Combine(folder.FullName, "audit.jsonl");
            await File.WriteAllBytesAsync(file, exported.Files["audit.jsonl"]);
            var whole = await VerifyFile.ExecuteAsync(file, [], [], CancellationToken.None);
            Assert.Null(whole.Fault);
            Assert.Equal(Entries, whole.Entries);
            await File.WriteAllBytesAsync(file, Touch(exported.Files["audit.jsonl"], touch));
            var fault = (await VerifyFile.ExecuteAsync(file, [exported.Key], [exported.Checkpoint], CancellationToken.None)).Fault!;
            Assert.Equal((kind, sequence), (fault.Kind, fault.Sequence));

            // And with the manifest beside it.
            await File.WriteAllBytesAsync(Path.Combine(folder.FullName, "manifest.json"), exported.Files["manifest.json"]);
            fault = (await VerifyFile.ExecuteAsync(file, [], [], CancellationToken.None)).Fault!;
            Assert.Equal((kind, sequence), (fault.Kind, fault.Sequence));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("windows line ends")]
    [InlineData("byte order mark")]
    [InlineData("spaces and order")]
    [InlineData("escapes")]
    public async Task Lines_that_say_the_same_in_other_bytes_are_whole_but_not_what_the_manifest_says(string touch)
    {
        var report = await VerifyAsync(f => f["audit.jsonl"] = Touch(f["audit.jsonl"], touch), withKey: true);
        Assert.Equal((ChainFaultKind.BadSeal, Entries), (report.Fault!.Kind, (int)report.Entries));
        Assert.Contains("Every entry is whole", report.Fault.Words, StringComparison.Ordinal);
        Assert.Equal(Entries, report.Last);
    }

    [Fact]
    public async Task An_untouched_export_is_whole_with_and_without_the_key()
    {
        var with = await VerifyAsync(_ => { }, withKey: true);
        Assert.Null(with.Fault);
        Assert.Empty(with.Notes);
        var without = await VerifyAsync(_ => { }, withKey: false);
        Assert.Null(without.Fault);
        Assert.Contains("--key", without.Notes.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_erased_comment_is_no_fault()
    {
        var report = await VerifyAsync(
            f => f["audit.jsonl"] = Lines(f["audit.jsonl"], (line, i) =>
            {
                var json = JsonNode.Parse(line)!.AsObject();
                json.Remove("comment");
                return json.ToJsonString();
            }),
            withKey: false);
        Assert.Equal(1, report.Erased);
        Assert.Equal(ChainFaultKind.BadSeal, report.Fault!.Kind); // the file is another than was given out, its entries are whole
    }

    [Theory]
    [InlineData("manifest.json", "altered")]
    [InlineData("manifest.jws", "altered")]
    public async Task A_manifest_that_was_touched_is_noticed_by_its_signature(string file, string word)
    {
        var report = await VerifyAsync(f => f[file] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(f[file]).Replace(file.EndsWith("json", StringComparison.Ordinal) ? "\"rows\": 20" : ".", file.EndsWith("json", StringComparison.Ordinal) ? "\"rows\": 19" : "..", StringComparison.Ordinal)), withKey: true);
        Assert.Equal(ChainFaultKind.BadSeal, report.Fault!.Kind);
        Assert.Contains(word, report.Fault.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_made_anew_with_another_key_does_not_pass_for_ours()
    {
        using var other = AuditKey.Create();
        await using var world = await AuditWorld.CreateAsync(key: other.ToPem());
        await ExportTests.FillAsync(world, 5);
        var export = await ExportTests.MakeAsync(world, ExportKind.Audit, ExportFormat.JsonLines, new AuditFilter());
        var file = ExportTests.FileOf(world, export);
        Assert.Null((await VerifyFile.ExecuteAsync(file, [other], [], CancellationToken.None)).Fault);
        Assert.Contains("another key", (await VerifyFile.ExecuteAsync(file, [exported.Key], [], CancellationToken.None)).Fault!.Words, StringComparison.Ordinal);
        Assert.Equal(ChainFaultKind.TailCut, (await VerifyFile.ExecuteAsync(file, [], [exported.Checkpoint], CancellationToken.None)).Fault!.Kind);
    }

    [Fact]
    public async Task An_unsigned_export_does_not_pass_where_a_key_is_asked_for()
    {
        await using var world = await AuditWorld.CreateAsync();
        await ExportTests.FillAsync(world, 5);
        var export = await ExportTests.MakeAsync(world, ExportKind.Audit, ExportFormat.JsonLines, new AuditFilter());
        Assert.Null((await VerifyFile.ExecuteAsync(ExportTests.FileOf(world, export), [], [], CancellationToken.None)).Fault);
        Assert.Contains("not signed", (await VerifyFile.ExecuteAsync(ExportTests.FileOf(world, export), [exported.Key], [], CancellationToken.None)).Fault!.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("manifest.json")]
    [InlineData("audit.jsonl")]
    public async Task A_zip_without_one_of_its_parts_is_named(string part) => Assert.Equal(ChainFaultKind.BadSeal, (await VerifyAsync(f => f.Remove(part), withKey: false)).Fault!.Kind);

    [Fact]
    public async Task A_zip_cut_in_the_middle_is_damaged_not_whole()
    {
        var file = Path.GetTempFileName();
        try
        {
            var bytes = await ZipAsync(exported.Files);
            await File.WriteAllBytesAsync(file, bytes[..(bytes.Length / 2)]);
            var report = await VerifyFile.ExecuteAsync(file, [], [], CancellationToken.None);
            Assert.Contains("damaged", report.Fault!.Words, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<VerifyReport> VerifyAsync(Action<Dictionary<string, byte[]>> touch, bool withKey)
    {
        var files = new Dictionary<string, byte[]>(exported.Files);
        touch(files);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, await ZipAsync(files));
            return await VerifyFile.ExecuteAsync(file, withKey ? [exported.Key] : [], [], CancellationToken.None);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<byte[]> ZipAsync(Dictionary<string, byte[]> files)
    {
        using var memory = new MemoryStream();
        await using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in files)
            {
                await using var stream = await zip.CreateEntry(name).OpenAsync();
                await stream.WriteAsync(bytes);
            }
        }

        return memory.ToArray();
    }

    private static byte[] Touch(byte[] data, string touch)
    {
        var text = Encoding.UTF8.GetString(data);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        switch (touch)
        {
            case "alter a reason":
                lines[6] = lines[6].Replace("DomainLapsed", "Duplicate", StringComparison.Ordinal);
                break;
            case "alter a comment":
                lines[3] = lines[3].Replace("HYPERLINK", "hyperlink", StringComparison.Ordinal);
                break;
            case "alter a reason and its hash":
                lines[6] = Reseal(lines[6], null, out _);
                break;
            case "alter and seal anew to the end":
                byte[]? previous = null;
                for (var i = 6; i < lines.Count; i++)
                {
                    lines[i] = Reseal(lines[i], previous, out previous, isFirst: i == 6, isWhole: true);
                }

                break;
            case "take one out":
                lines.RemoveAt(6);
                break;
            case "take the first out":
                lines.RemoveAt(0);
                break;
            case "cut the tail":
                lines.RemoveRange(15, 5);
                break;
            case "cut within a line":
                return data[..(data.Length - 40)];
            case "cut all":
                return [];
            case "swap two":
                (lines[6], lines[9]) = (lines[9], lines[6]);
                break;
            case "repeat one":
                lines.Insert(7, lines[6]);
                break;
            case "insert nonsense":
                lines.Insert(7, "{\"sequence\":8}");
                break;
            case "latin-1":
                return Latin(data);
            case "utf-16":
                return [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text)];
            case "windows line ends":
                return Encoding.UTF8.GetBytes(text.Replace("\n", "\r\n", StringComparison.Ordinal));
            case "byte order mark":
                return [0xEF, 0xBB, 0xBF, .. data];
            case "spaces and order":
                lines = [.. lines.Select(l => Shuffle(JsonNode.Parse(l)!.AsObject()).ToJsonString().Replace("\":", "\" : ", StringComparison.Ordinal))];
                break;
            case "escapes":
                lines = [.. lines.Select(l => l.Replace("harbor", "h\\u0061rbor", StringComparison.Ordinal))];
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(touch));
        }

        return Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n")));
    }

    // What a program does that takes UTF-8 for Latin-1 and drops what it cannot write: a lone byte above 0x7F.
    private static byte[] Latin(byte[] bytes) => Encoding.Latin1.GetBytes(Encoding.UTF8.GetString(bytes).Replace('\u202E', 'é'));

    private static JsonObject Shuffle(JsonObject json) => new(json.Reverse().Select(p => KeyValuePair.Create(p.Key, p.Value is JsonObject inner ? Shuffle(inner) : p.Value?.DeepClone())));

    private static string Reseal(string line, byte[]? previous, out byte[] hash, bool isFirst = true, bool isWhole = false)
    {
        var json = JsonNode.Parse(line)!.AsObject();
        var entry = json["entry"]!.AsObject();
        if (isFirst)
        {
            entry["reason"] = "Duplicate";
        }

        var content = System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(CanonicalJson.Of(entry.Select(f => KeyValuePair.Create(f.Key, Value(f.Value!))))!));
        json["contentHash"] = Convert.ToHexStringLower(content);
        previous ??= Convert.FromHexString(json["previous"]!.GetValue<string>());
        hash = AuditChain.Hash(json["sequence"]!.GetValue<long>(), previous, content);
        if (isWhole)
        {
            json["previous"] = Convert.ToHexStringLower(previous);
            json["hash"] = Convert.ToHexStringLower(hash);
        }

        return json.ToJsonString();
    }

    private static object? Value(JsonNode node) => node.GetValueKind() == JsonValueKind.Number ? node.GetValue<long>() : node.GetValue<string>();

    private static byte[] Lines(byte[] data, Func<string, int, string> change) =>
        Encoding.UTF8.GetBytes(string.Concat(Encoding.UTF8.GetString(data).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select((l, i) => change(l, i) + "\n")));
}
