using System.Diagnostics;
using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Exports;
using DomainGuard.Data.Providers;
using DomainGuard.Web;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Exports;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Benchmarks;

/// <summary>
/// The audit trail: what it costs eight writers side by side, how soon their entries are sealed, how fast a long chain is sealed, verified (in the database and from an exported
/// file) and exported, the last beside <c>sqlite3 -csv</c> for the same columns.
/// </summary>
internal static class AuditBenchmark
{
    private const int Writers = 8;
    private const int Bulk = 10_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250); // as AuditSealer

    /// <summary><c>audit [ENTRIES]</c>: SQLite in a temporary folder, and the writers on PostgreSQL too where DOMAINGUARD_TEST_POSTGRES names a server. Prints tables in Markdown.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var entries = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1_000_000;
        Console.WriteLine($"{Writers} writers, each change a transaction of its own: a case and an address changed, a line of history added; {Bulk:N0} entries committed at once and sealed");
        Console.WriteLine();
        Console.WriteLine("| database | without audit /s | with audit /s | of without | last one sealed after, s | gaps | 10,000 sealed in, s |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        if (Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES") is { Length: > 0 } server)
        {
            await WithAppAsync(new DatabaseOptions { Provider = DatabaseProvider.PostgreSql, ConnectionString = $"{server};Database=dg_bench_{Guid.CreateVersion7():N}" }, (app, _) => WritersAsync(app, DatabaseProvider.PostgreSql));
        }

        await WithAppAsync(null, (app, _) => WritersAsync(app, DatabaseProvider.Sqlite));
        Console.WriteLine();
        await WithAppAsync(null, (app, folder) => ChainAsync(app, folder, entries));
        return 0;
    }

    private static async Task WithAppAsync(DatabaseOptions? database, Func<WebApplication, string, Task> work)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"dg-bench-{Guid.CreateVersion7():N}");
        await using var app = DomainGuardApp.Build(["--environment=Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(
            [
                new("DomainGuard:World", "Live"), new("DomainGuard:DataDirectory", folder),
                new("DomainGuard:Database:Provider", database?.Provider.ToString()), new("DomainGuard:Database:ConnectionString", database?.ConnectionString),
            ]);
            builder.Logging.ClearProviders();
        });
        try
        {
            await DomainGuardApp.PrepareAsync(app, CancellationToken.None);
            await work(app, folder);
        }
        finally
        {
            if (database is not null)
            {
                await using var db = await app.Services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
                await db.Database.EnsureDeletedAsync();
            }

            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task WritersAsync(WebApplication app, DatabaseProvider provider)
    {
        const int Each = 400;
        var dbs = app.Services.GetRequiredService<IDbContextFactory<GuardDb>>();
        var seal = app.Services.GetRequiredService<SealEntries>();
        await FillAsync(dbs, Writers * 50);
        await seal.ExecuteAsync(CancellationToken.None);

        // The better of three rounds of each, in turn; the first warms up.
        List<double> without = [], with = [];
        var lag = TimeSpan.Zero;
        for (var round = 0; round < 4; round++)
        {
            without.Add(await WriteAsync(dbs, Each, isAudited: false));
            using var stop = new CancellationTokenSource();
            var sealing = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    await seal.ExecuteAsync(CancellationToken.None);
                    await Task.Delay(Pause, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            });
            with.Add(await WriteAsync(dbs, Each, isAudited: true));
            var watch = Stopwatch.StartNew();
            await using var db = await dbs.CreateDbContextAsync();
            while (await db.AuditEntries.AnyAsync(e => e.Sequence == null))
            {
                await Task.Delay(5);
            }

            lag = lag > watch.Elapsed ? lag : watch.Elapsed;
            await stop.CancelAsync();
            await sealing;
        }

        await using (var db = await dbs.CreateDbContextAsync())
        {
            var (count, last) = (await db.AuditEntries.LongCountAsync(), await db.AuditEntries.MaxAsync(e => e.Sequence) ?? 0);
            await InsertAsync(dbs, Bulk, 1_000_000);
            var watch = Stopwatch.StartNew();
            var sealedNow = await seal.ExecuteAsync(CancellationToken.None);
            var took = watch.Elapsed.TotalSeconds;
            if (sealedNow != Bulk)
            {
                throw new InvalidOperationException($"{sealedNow} of {Bulk} were sealed.");
            }

            var (bare, audited) = (without.Skip(1).Max(), with.Skip(1).Max());
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {provider} | {bare:N0} | {audited:N0} | {audited / bare:P0} | {lag.TotalSeconds:F2} | {last - count} | {took:F2} |"));
        }
    }

    /// <summary>Changes as a single decision makes them: by EF Core, in one transaction.</summary>
    private static async Task<double> WriteAsync(IDbContextFactory<GuardDb> dbs, int each, bool isAudited)
    {
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var actor = AuditActor.Staff(Guid.CreateVersion7(), "192.0.2.7");
            for (var i = 0; i < each; i++)
            {
                await using var db = await dbs.CreateDbContextAsync();
                var id = (writer * 50) + (i % 50) + 1;
                var found = await db.Cases.SingleAsync(c => c.Id == id);
                var address = await db.Addresses.SingleAsync(a => a.Id == id);
                var (before, now) = (found.State, TimeProvider.System.GetUtcNow());
                found.State = before == CaseState.NeedsReview ? CaseState.Unverified : CaseState.NeedsReview;
                found.Version++;
                address.State = found.State == CaseState.Unverified ? AddressState.Unverified : AddressState.Verified;
                address.Version++;
                db.Decisions.Add(new Decision
                {
                    Id = Guid.CreateVersion7(now),
                    CaseId = id,
                    CaseVersion = found.Version,
                    At = now,
                    ActorKind = AuditActorKind.Staff,
                    ActorId = actor.Id,
                    Event = CaseEvent.Unverify,
                    From = before,
                    To = found.State,
                    Reason = ReasonCode.DomainLapsed,
                    Comment = "As discussed.",
                });
                if (isAudited)
                {
                    AuditTrail.Add(db, Fact(actor, now, id));
                }

                await db.SaveChangesAsync();
            }
        })));
        return Writers * each / watch.Elapsed.TotalSeconds;
    }

    private static async Task ChainAsync(WebApplication app, string folder, int count)
    {
        var dbs = app.Services.GetRequiredService<IDbContextFactory<GuardDb>>();
        var seal = app.Services.GetRequiredService<SealEntries>();
        await InsertAsync(dbs, count, 0);
        Console.WriteLine($"{count:N0} entries, SQLite");
        Console.WriteLine();
        Console.WriteLine("| what | seconds | entries/s | of yardstick | memory of the process at a tenth and at the end, MiB |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        var memory = new Memory(count);
        var watch = Stopwatch.StartNew();
        var total = await seal.ExecuteAsync(CancellationToken.None);
        Row("sealed", watch.Elapsed, total, null, null);
        await using (var db = await dbs.CreateDbContextAsync())
        {
            await db.Database.ExecuteSqlRawAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        watch.Restart();
        var report = await app.Services.GetRequiredService<VerifyChain>().ExecuteAsync(Requester.Schedule, [], p => memory.Note(p.Done), CancellationToken.None);
        Row("verified in the database", watch.Elapsed, Whole(report), null, memory);

        var file = new SqliteConnectionStringBuilder((await dbs.CreateDbContextAsync()).Database.GetConnectionString()).DataSource;
        var csv = Path.Combine(folder, "bare.csv");
        var bare = await BareAsync(file, csv);
        if (bare is { } yardstick)
        {
            Row($"yardstick: `sqlite3 -csv`, the same columns, {new FileInfo(csv).Length / 1048576.0:N0} MiB", yardstick, count, null, null);
        }

        foreach (var format in new[] { ExportFormat.Csv, ExportFormat.JsonLines })
        {
            var zip = Path.Combine(folder, $"{format}.zip");
            memory = new Memory(count);
            watch.Restart();
            var written = await app.Services.GetRequiredService<WriteExport>().ExecuteAsync(
                new ExportOrder(ExportKind.Audit, format, new AuditFilter(), AuditActor.CommandLine), zip, rows => { memory.Note(rows); return Task.CompletedTask; }, CancellationToken.None);
            Row(string.Create(CultureInfo.InvariantCulture, $"exported as {format}: {written.Manifest.Data.Bytes / 1048576.0:N0} MiB, hashed, in a zip of {written.Size / 1048576.0:N0} MiB"), watch.Elapsed, written.Rows, bare / watch.Elapsed, memory);
        }

        watch.Restart();
        Row("verified offline from the exported file", watch.Elapsed, Whole(await VerifyFile.ExecuteAsync(Path.Combine(folder, $"{ExportFormat.JsonLines}.zip"), app.Services.GetRequiredService<AuditKeys>().All, [], CancellationToken.None)), null, null, watch);
    }

    private static long Whole(VerifyReport? report) =>
        report is { Fault: null } ? report.Entries : throw new InvalidOperationException($"The chain is not whole: {report?.Fault}");

    private static void Row(string what, TimeSpan took, long entries, double? part, Memory? memory, Stopwatch? running = null)
    {
        took = running?.Elapsed ?? took;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {took.TotalSeconds:F1} | {entries / took.TotalSeconds:N0} | {part:P0} | {memory} |"));
    }

    /// <summary>The command line tool of SQLite, writing the same columns to a file; null where it is not installed.</summary>
    private static async Task<TimeSpan?> BareAsync(string file, string csv)
    {
        const string Sql = """
            SELECT "Sequence", "Id", "At", "ActorKind", "ActorId", "ActorFrom", "Action", "AccountId", "AddressId", "DomainName", "CaseId", "ScanId", "PolicyVersion", "Subject", "BatchId", "Reason", "Comment",
              lower(hex("CommentHash")), "Before", "After", lower(hex("ContentHash")), lower(hex(lag("Hash") OVER (ORDER BY "Sequence"))), lower(hex("Hash"))
            FROM "AuditEntry" WHERE "Sequence" IS NOT NULL ORDER BY "Sequence"
            """;
        try
        {
            var info = new ProcessStartInfo("sqlite3") { RedirectStandardInput = true };
            Array.ForEach(["-csv", "-header", "-cmd", $".once '{csv}'", file, Sql], info.ArgumentList.Add);
            var watch = Stopwatch.StartNew();
            using var process = Process.Start(info)!;
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            return watch.Elapsed;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Console.WriteLine("| yardstick: `sqlite3` is not installed | | | | |");
            return null;
        }
    }

    private static AuditFact Fact(AuditActor actor, DateTimeOffset at, long id) => new(AuditAction.CaseUnverified, actor, at)
    {
        CaseId = id,
        AddressId = id,
        AccountId = id,
        DomainName = string.Create(CultureInfo.InvariantCulture, $"d{id}.test"),
        PolicyVersion = 3,
        Reason = "DomainLapsed",
        Comment = "As discussed.",
        Changes = [("case", CaseState.NeedsReview, CaseState.Unverified), ("address", AddressState.Verified, AddressState.Unverified)],
    };

    private static async Task InsertAsync(IDbContextFactory<GuardDb> dbs, int count, long first)
    {
        var (actor, start) = (AuditActor.Staff(Guid.CreateVersion7(), "192.0.2.7"), TimeProvider.System.GetUtcNow().AddDays(-1));
        await using var session = await StatementSession.OpenAsync(dbs, CancellationToken.None);
        foreach (var chunk in Enumerable.Range(0, count).Chunk(20_000))
        {
            await session.BeginAsync(CancellationToken.None);
            await session.InsertAsync(AuditSql.Entries, [.. chunk.Select(i => AuditSql.Row(AuditTrail.Entry(Fact(actor, start.AddMilliseconds(i), first + i + 1))))], CancellationToken.None);
            await session.CommitAsync(CancellationToken.None);
        }
    }

    private static async Task FillAsync(IDbContextFactory<GuardDb> dbs, int count)
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync();
        for (var i = 1; i <= count; i++)
        {
            var name = $"d{i}.test";
            db.Domains.Add(new Data.Domains.Domain { Id = i, Name = name, Tld = "test", WatchedFor = Data.Domains.WatchedFor.Addresses, AddressCount = 1, AddedAt = now, Phase = Phase.Redemption, Version = 1 });
            db.Accounts.Add(new Account { Id = i, ExternalId = $"u{i}", SortName = $"u{i}", AddressCount = 1, AddedAt = now, ChangedAt = now, Version = 1 });
            db.Addresses.Add(new Address { Id = i, AccountId = i, DomainId = i, Email = "a@" + name, SearchEmail = "a@" + name, MailHost = name, IsPrimary = true, BaselineFrom = now, AddedAt = now, Version = 1 });
            db.Cases.Add(new Case { Id = i, AddressId = i, AccountId = i, DomainId = i, State = CaseState.NeedsReview, IsOpen = true, Situation = Situation.Redemption, Wanted = PolicyAction.Review, Phase = Phase.Redemption, OpenedAt = now, StateSince = now, PolicyVersion = 1, Version = 1 });
        }

        await db.SaveChangesAsync();
    }

    /// <summary>Memory of the process after a tenth of the work and after the last.</summary>
    private sealed class Memory(long total)
    {
        private long _early;
        private long _late;

        public void Note(long done)
        {
            _late = Environment.WorkingSet;
            _early = _early == 0 && done >= total / 10 ? _late : _early;
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_early / 1048576} and {_late / 1048576}");
    }
}
