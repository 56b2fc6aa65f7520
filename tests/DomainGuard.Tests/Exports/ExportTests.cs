using System.IO.Compression;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Exports;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Audit;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Exports;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Exports;

public sealed class ExportTests
{
    private const string Nasty = "=HYPERLINK(\"http://evil.example\")\r\n<img src=x> \u202Eevil\u202C";

    public static TheoryData<DatabaseProvider> Providers => AuditWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Audit_entries_leave_with_their_proof_and_that_is_recorded(DatabaseProvider provider)
    {
        using var key = AuditKey.Create();
        await using var world = await AuditWorld.CreateAsync(provider, key.ToPem());
        await FillAsync(world, 25);
        var export = await MakeAsync(world, ExportKind.Audit, ExportFormat.JsonLines, new AuditFilter());
        Assert.Equal((ExportStatus.Completed, 25, 25), (export.Status, export.Expected, export.Written));

        var (manifest, lines) = await ReadAsync(world, export);
        Assert.Equal((true, 25L, 1L, 25L, "domainguard-export/1"), (manifest.IsWhole, manifest.Rows, manifest.First, manifest.Last, manifest.Schema));
        Assert.Empty(manifest.Filter);
        Assert.Equal(25, lines.Count(l => l.Length > 0));
        Assert.Equal(Nasty, JsonDocument.Parse(lines[3]).RootElement.GetProperty("comment").GetString());
        var report = await VerifyFile.ExecuteAsync(FileOf(world, export), AuditKey.ReadPublic(key.ToPublicPem(), out _), [], CancellationToken.None);
        Assert.Null(report.Fault);
        Assert.Equal((25, 1), (report.Entries, report.Checkpoints));
        Assert.Empty(report.Notes);

        await world.SealAsync();
        var made = (await world.EntriesAsync())[^1];
        Assert.Equal((AuditAction.ExportMade, "export 1", People.Auditor.Id.ToString("D")), (made.Action, made.Subject, made.ActorId));
        Assert.Contains($"\"sha256\":\"{export.FileHash}\"", made.After, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_filter_that_cannot_be_kept_is_refused_in_words_on_every_database(DatabaseProvider provider)
    {
        await using var world = await AuditWorld.CreateAsync(provider);
        var filter = new AuditFilter { Account = new string('"', 1_500) };

        var outcome = await world.Get<RequestExport>().ExecuteAsync(People.Auditor, ExportKind.Cases, ExportFormat.Csv, filter, CancellationToken.None);

        Assert.StartsWith("What the filter looks for is too long", Assert.IsType<ExportOutcome.Refused>(outcome).Problem, StringComparison.Ordinal);
        Assert.IsType<ExportOutcome.Requested>(await world.Get<RequestExport>().ExecuteAsync(People.Auditor, ExportKind.Cases, ExportFormat.Csv, new AuditFilter { Account = new string('"', 900) }, CancellationToken.None));
    }

    [Fact]
    public async Task Csv_cells_are_no_formulas_and_come_back_as_they_were()
    {
        await using var world = await AuditWorld.CreateAsync();
        string[] texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'quoted", "a,b", "say \"x\"", "two\nlines", "plain", "＝1", "\u202Eabc", ""];
        await world.WriteAsync(texts.Length, i => new AuditFact(AuditAction.CommentAdded, AuditActor.System("tests"), world.Clock.Now.AddSeconds(i)) { Comment = texts[i] });
        var export = await MakeAsync(world, ExportKind.Audit, ExportFormat.Csv, new AuditFilter());
        await using var zip = await ZipFile.OpenReadAsync(FileOf(world, export));
        await using var data = await zip.GetEntry("audit.csv")!.OpenAsync();
        List<string?[]> records = [];
        await foreach (var record in Records(data))
        {
            records.Add(record);
        }

        Assert.Equal(ExportTables.Audit, records[0]!);
        var comment = ExportTables.Audit.ToList().IndexOf("comment");
        var cells = records.Skip(1).Select(r => r[comment] ?? "").ToList();
        Assert.All(cells, c => Assert.False(c.Length > 0 && "=+-@\t\r\n＝".Contains(c[0], StringComparison.Ordinal), c));
        Assert.Equal(texts, cells.Select(c => c.StartsWith('\'') ? c[1..] : c));
        Assert.All(records, r => Assert.Equal(ExportTables.Audit.Count, r.Length));
        Assert.Null((await VerifyFile.ExecuteAsync(FileOf(world, export), [], [], CancellationToken.None)).Fault);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Cases_decisions_and_addresses_leave_in_both_formats(DatabaseProvider provider)
    {
        await using var world = await AuditWorld.CreateAsync(provider);
        await AddAccountAsync(world);
        foreach (var kind in new[] { ExportKind.Cases, ExportKind.Decisions, ExportKind.Addresses })
        {
            foreach (var format in Enum.GetValues<ExportFormat>())
            {
                var export = await MakeAsync(world, kind, format, new AuditFilter());
                Assert.Null(export.Problem);
                Assert.Equal((ExportStatus.Completed, kind == ExportKind.Addresses ? 1 : 0), (export.Status, (int)export.Written));
                var (manifest, lines) = await ReadAsync(world, export);
                Assert.Equal((kind.ToString(), export.Written), (manifest.Kind, manifest.Rows));
                Assert.Equal(ExportTables.ColumnsOf(kind), manifest.Columns);
                if (kind == ExportKind.Addresses && format == ExportFormat.JsonLines)
                {
                    var row = JsonDocument.Parse(lines[0]).RootElement;
                    Assert.Equal(("<b>Ada</b> \u202Eada", "ada@harbor-tools.dev"), (row.GetProperty("display_name").GetString(), row.GetProperty("email").GetString()));
                }

                Assert.Null((await VerifyFile.ExecuteAsync(FileOf(world, export), [], [], CancellationToken.None)).Fault);
            }
        }
    }

    [Fact]
    public async Task A_filter_leaves_what_it_says_and_the_manifest_says_so()
    {
        await using var world = await AuditWorld.CreateAsync();
        await FillAsync(world, 30);
        var filter = new AuditFilter { Case = 3, From = world.Clock.Now, To = world.Clock.Now.AddHours(1) };
        var export = await MakeAsync(world, ExportKind.Audit, ExportFormat.JsonLines, filter);
        var (manifest, _) = await ReadAsync(world, export);
        Assert.Equal((false, 3L, 4L, 24L), (manifest.IsWhole, manifest.Rows, manifest.First, manifest.Last));
        Assert.Equal("3", manifest.Filter["case"]);
        Assert.Equal(filter, ExportFilter.Read(export.Filter));
        Assert.Null((await VerifyFile.ExecuteAsync(FileOf(world, export), [], [], CancellationToken.None)).Fault);
    }

    [Fact]
    public async Task A_part_of_the_time_is_whole_and_hangs_on_the_checkpoint_before_it()
    {
        using var key = AuditKey.Create();
        await using var world = await AuditWorld.CreateAsync(key: key.ToPem());
        await FillAsync(world, 10);
        await world.SealAsync();
        await world.Get<MakeCheckpoint>().DailyAsync(CancellationToken.None);
        var start = world.Clock.Now;
        world.Clock.Time = world.Clock.Time.AddDays(1);
        await FillAsync(world, 10);
        await world.SealAsync();
        var next = world.Clock.Time;
        world.Clock.Time = world.Clock.Time.AddDays(1);
        await FillAsync(world, 10);
        var export = await MakeAsync(world, ExportKind.Audit, ExportFormat.JsonLines, new AuditFilter { From = next, To = next.AddDays(1) });
        var (manifest, _) = await ReadAsync(world, export);
        Assert.Equal((true, 10L, 11L, 20L), (manifest.IsWhole, manifest.Rows, manifest.First, manifest.Last));
        var report = await VerifyFile.ExecuteAsync(FileOf(world, export), [key], [], CancellationToken.None);
        Assert.Null(report.Fault);
        Assert.Equal(2, report.Checkpoints);
        Assert.True(start < next);
    }

    [Fact]
    public async Task One_that_a_killed_process_left_is_begun_anew_and_given_up_after_three_times()
    {
        await using var world = await AuditWorld.CreateAsync();
        await FillAsync(world, 3);
        var wish = Assert.IsType<ExportOutcome.Requested>(await world.Get<RequestExport>().ExecuteAsync(People.Auditor, ExportKind.Audit, ExportFormat.Csv, new AuditFilter(), CancellationToken.None));
        // A process of this machine that has ended.
        var dead = $"{Environment.MachineName}:{int.MaxValue - 1}:x";
        await SetAsync(world, wish.Id, ExportStatus.Running, dead, 1);
        Assert.Equal(1, await world.Get<RunExport>().ExecuteAsync(CancellationToken.None));
        var export = (await world.Get<ExportQueries>().FindAsync(wish.Id, CancellationToken.None))!;
        Assert.Equal((ExportStatus.Completed, 2), (export.Status, export.Attempts));

        await SetAsync(world, wish.Id, ExportStatus.Running, dead, 3);
        Assert.Equal(0, await world.Get<RunExport>().ExecuteAsync(CancellationToken.None));
        export = (await world.Get<ExportQueries>().FindAsync(wish.Id, CancellationToken.None))!;
        Assert.Equal(ExportStatus.Failed, export.Status);
        Assert.Contains("Ask for it again", export.Problem, StringComparison.Ordinal);

        // One whose process lives is left alone.
        await SetAsync(world, wish.Id, ExportStatus.Running, "elsewhere:1:x", 1);
        Assert.Equal(0, await world.Get<RunExport>().ExecuteAsync(CancellationToken.None));
        Assert.Equal(ExportStatus.Running, (await world.Get<ExportQueries>().FindAsync(wish.Id, CancellationToken.None))!.Status);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_fails_the_export_in_words_and_leaves_no_half_file()
    {
        await using var world = await AuditWorld.CreateAsync();
        await FillAsync(world, 3);
        // Something that is no file has its name.
        var folder = world.Get<ExportFolder>().Path;
        Directory.CreateDirectory(Path.Combine(folder, $"domainguard-audit-1.zip.{world.Get<ScanNode>().Name.Replace(':', '-')}.part"));
        await world.Get<RequestExport>().ExecuteAsync(People.Auditor, ExportKind.Audit, ExportFormat.Csv, new AuditFilter(), CancellationToken.None);
        Assert.Equal(0, await world.Get<RunExport>().ExecuteAsync(CancellationToken.None));
        var export = (await world.Get<ExportQueries>().FindAsync(1, CancellationToken.None))!;
        Assert.Equal(ExportStatus.Failed, export.Status);
        Assert.Contains("could not be written", export.Problem, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task Files_are_let_go_of_after_their_time_and_the_row_stays()
    {
        await using var world = await AuditWorld.CreateAsync();
        await FillAsync(world, 3);
        var export = await MakeAsync(world, ExportKind.Audit, ExportFormat.Csv, new AuditFilter());
        var file = FileOf(world, export);
        Assert.NotNull(await world.Get<FetchExport>().ExecuteAsync(People.Analyst, export.Id, CancellationToken.None));
        Assert.Null(await world.Get<FetchExport>().ExecuteAsync(People.Nobody, export.Id, CancellationToken.None));
        world.Clock.Time = world.Clock.Time.AddDays(31);
        await world.Get<RunExport>().ExecuteAsync(CancellationToken.None);
        Assert.False(File.Exists(file));
        Assert.Equal(ExportStatus.Expired, (await world.Get<ExportQueries>().FindAsync(export.Id, CancellationToken.None))!.Status);
        Assert.Null(await world.Get<FetchExport>().ExecuteAsync(People.Analyst, export.Id, CancellationToken.None));
        await world.SealAsync();
        var fetched = Assert.Single(await world.EntriesAsync(), e => e.Action == AuditAction.ExportDownloaded);
        Assert.Equal((People.Analyst.Id.ToString("D"), "export 1"), (fetched.ActorId, fetched.Subject));
    }

    [Fact]
    public async Task Refuses_who_may_not_what_is_upside_down_and_too_many_at_once()
    {
        await using var world = await AuditWorld.CreateAsync();
        var request = world.Get<RequestExport>();
        Assert.IsType<ExportOutcome.Refused>(await request.ExecuteAsync(People.Nobody, ExportKind.Audit, ExportFormat.Csv, new AuditFilter(), CancellationToken.None));
        var now = world.Clock.Now;
        Assert.IsType<ExportOutcome.Refused>(await request.ExecuteAsync(People.Auditor, ExportKind.Audit, ExportFormat.Csv, new AuditFilter { From = now, To = now }, CancellationToken.None));
        for (var i = 0; i < RequestExport.MostWaiting; i++)
        {
            Assert.IsType<ExportOutcome.Requested>(await request.ExecuteAsync(People.Auditor, ExportKind.Audit, ExportFormat.Csv, new AuditFilter(), CancellationToken.None));
        }

        Assert.IsType<ExportOutcome.Refused>(await request.ExecuteAsync(People.Auditor, ExportKind.Audit, ExportFormat.Csv, new AuditFilter(), CancellationToken.None));
        Assert.IsType<ExportOutcome.Requested>(await request.ExecuteAsync(People.Analyst, ExportKind.Audit, ExportFormat.Csv, new AuditFilter(), CancellationToken.None));
    }

    internal static Task FillAsync(AuditWorld world, int count) => world.WriteAsync(count, i => new AuditFact(AuditAction.CaseConfirmed, AuditActor.Staff(People.Analyst.Id, "192.0.2.1"), world.Clock.Now.AddSeconds(i))
    {
        AccountId = 1,
        DomainName = "harbor-tools.dev",
        CaseId = i % 10,
        Reason = "DomainLapsed",
        Comment = i == 3 ? Nasty : null,
        Changes = [("state", "Unverified", "Confirmed"), ("n", null, i)],
    });

    internal static async Task<Export> MakeAsync(AuditWorld world, ExportKind kind, ExportFormat format, AuditFilter filter)
    {
        await world.SealAsync();
        var wish = Assert.IsType<ExportOutcome.Requested>(await world.Get<RequestExport>().ExecuteAsync(People.Auditor, kind, format, filter, CancellationToken.None));
        Assert.Equal(1, await world.Get<RunExport>().ExecuteAsync(CancellationToken.None));
        return (await world.Get<ExportQueries>().FindAsync(wish.Id, CancellationToken.None))!;
    }

    internal static string FileOf(AuditWorld world, Export export) => world.Get<ExportFolder>().FileOf(export.FileName!);

    private static async Task<(ExportManifest Manifest, string[] Lines)> ReadAsync(AuditWorld world, Export export)
    {
        await using var zip = await ZipFile.OpenReadAsync(FileOf(world, export));
        var manifest = ExportManifest.Read(await BytesAsync(zip.GetEntry("manifest.json")!))!;
        var data = await BytesAsync(zip.GetEntry(manifest.Data.File)!);
        Assert.Equal((manifest.Data.Bytes, manifest.Data.Sha256), (data.Length, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(data))));
        return (manifest, Encoding.UTF8.GetString(data).Split('\n'));
    }

    private static async Task<byte[]> BytesAsync(ZipArchiveEntry entry)
    {
        await using var stream = await entry.OpenAsync();
        using var memory = new MemoryStream();
        await stream.CopyToAsync(memory);
        return memory.ToArray();
    }

    // RFC 4180 by hand: an independent reader.
    private static async IAsyncEnumerable<string?[]> Records(Stream data)
    {
        using var reader = new StreamReader(data, new UTF8Encoding(false));
        var text = await reader.ReadToEndAsync();
        List<string?> record = [];
        var cell = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (quoted)
            {
                if (text[i] == '"' && i + 1 < text.Length && text[i + 1] == '"')
                {
                    cell.Append('"');
                    i++;
                }
                else if (text[i] == '"')
                {
                    quoted = false;
                }
                else
                {
                    cell.Append(text[i]);
                }
            }
            else if (text[i] == '"')
            {
                quoted = true;
            }
            else if (text[i] == ',' || (text[i] == '\r' && text[i + 1] == '\n'))
            {
                record.Add(cell.ToString());
                cell.Clear();
                if (text[i] == '\r')
                {
                    i++;
                    yield return [.. record];
                    record.Clear();
                }
            }
            else
            {
                cell.Append(text[i]);
            }
        }
    }

    private static async Task SetAsync(AuditWorld world, long id, ExportStatus status, string owner, int attempts)
    {
        var until = TimeProvider.System.GetUtcNow().AddSeconds(20);
        await using var db = await world.Dbs.CreateDbContextAsync();
        await db.Exports.Where(e => e.Id == id).ExecuteUpdateAsync(
            s => s.SetProperty(e => e.Status, status).SetProperty(e => e.LeaseOwner, owner).SetProperty(e => e.LeaseUntil, until).SetProperty(e => e.Attempts, attempts));
    }

    private static async Task AddAccountAsync(AuditWorld world)
    {
        await using var db = await world.Dbs.CreateDbContextAsync();
        var now = world.Clock.Now;
        db.Add(new Domain { Id = 1, Name = "harbor-tools.dev", Tld = "dev", WatchedFor = WatchedFor.Addresses, AddedAt = now, Version = 1 });
        db.Add(new Account { Id = 1, ExternalId = "u-1", UserName = "ada", SortName = "ada", DisplayName = "<b>Ada</b> \u202Eada", AddedAt = now, ChangedAt = now, Version = 1 });
        db.Add(new Address { Id = 1, AccountId = 1, DomainId = 1, Email = "ada@harbor-tools.dev", SearchEmail = "ada@harbor-tools.dev", MailHost = "harbor-tools.dev", BaselineFrom = now, AddedAt = now, Version = 1 });
        await db.SaveChangesAsync();
    }
}
