using System.Diagnostics;
using DomainGuard.Core.Audit;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Audit;

public sealed class SealEntriesTests
{
    private const int Writers = 8;
    private const int Each = 60;

    public static TheoryData<DatabaseProvider> Providers => AuditWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Numbers_committed_entries_in_the_order_of_their_time(DatabaseProvider provider)
    {
        await using var world = await AuditWorld.CreateAsync(provider);
        Assert.Equal(0, await world.SealAsync());
        await world.WriteAsync(5, i => new AuditFact(AuditAction.CommentAdded, AuditActor.System("tests"), world.Clock.Now.AddMinutes(-i)) { CaseId = i });
        Assert.Equal(5, await world.SealAsync());
        await world.WriteAsync(1, _ => new AuditFact(AuditAction.CommentAdded, AuditActor.System("tests"), world.Clock.Now.AddYears(-1)) { CaseId = 9 });
        Assert.Equal(1, await world.SealAsync());

        var entries = await world.EntriesAsync();
        Assert.Equal([1, 2, 3, 4, 5, 6], entries.Select(e => e.Sequence!.Value));
        Assert.Equal([4, 3, 2, 1, 0, 9], entries.Select(e => e.CaseId!.Value)); // late is late, whatever its clock said
        Assert.Null((await world.VerifyAsync()).Fault);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Leaves_no_gap_with_eight_writers_and_two_sealers_that_both_believe_to_hold_the_lease(DatabaseProvider provider)
    {
        await using var world = await AuditWorld.CreateAsync(provider);
        // To the other's clock every lease has run out already, and it takes this process for dead machines' work.
        var ahead = new ManualTime();
        await using var other = world.Join(s => s.AddSingleton<TimeProvider>(ahead));
        using var stop = new CancellationTokenSource();
        var sealers = new[] { world, other }.Select(w => Task.Run(async () =>
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                ahead.Set(TimeProvider.System.GetUtcNow().AddDays(n % 2 == 0 ? 1 : -1));
                await w.SealAsync();
            }
        })).ToList();
        var writers = Enumerable.Range(0, Writers).Select(w => Task.Run(() => world.WriteAsync(Each)));
        await Task.WhenAll(writers);
        await stop.CancelAsync();
        await Task.WhenAll(sealers);
        while (await world.SealAsync() + await other.SealAsync() > 0)
        {
            // Whatever is left.
        }

        Assert.Equal(Enumerable.Range(1, Writers * Each), (await world.EntriesAsync()).Where(e => e.Sequence is not null).Select(e => (int)e.Sequence!.Value));
        Assert.Null((await world.VerifyAsync()).Fault);
    }

    [Fact]
    public async Task A_living_sealer_is_left_alone_and_a_dead_one_inherited_from()
    {
        await using var world = await AuditWorld.CreateAsync();
        var time = new ManualTime();
        time.Set(TimeProvider.System.GetUtcNow());
        await using var other = world.Join(s => s.AddSingleton<TimeProvider>(time));
        await world.WriteAsync(1);
        Assert.Equal(1, await world.SealAsync());
        await world.WriteAsync(1);

        Assert.Equal(0, await other.SealAsync());
        time.Advance(SealEntries.Lease + TimeSpan.FromSeconds(2));
        Assert.Equal(1, await other.SealAsync());

        await world.WriteAsync(1);
        await world.SqlAsync("""UPDATE "AuditHead" SET "LeaseOwner" = 'elsewhere:1:x', "LeaseUntil" = '2999-01-01 00:00:00'""");
        Assert.Equal(1, await world.SealAsync()); // no clock that runs as ours does gave that lease
    }

    [Fact]
    public async Task A_lease_given_back_is_free_at_once()
    {
        await using var world = await AuditWorld.CreateAsync();
        await using var other = world.Join();
        await world.WriteAsync(1);
        await world.SealAsync();
        await world.Get<SealEntries>().ReleaseAsync(CancellationToken.None);
        await world.WriteAsync(1);
        Assert.Equal(1, await other.SealAsync());
    }

    [Fact]
    public async Task A_head_that_moved_meanwhile_seals_nothing_of_the_batch()
    {
        await using var world = await AuditWorld.CreateAsync();
        await world.WriteAsync(3);
        await world.SealAsync();
        await world.WriteAsync(1);
        await using var session = await StatementSession.OpenAsync(world.Dbs, CancellationToken.None);
        var head = await session.Db.AuditHeads.AsNoTracking().SingleAsync();
        await session.BeginAsync(CancellationToken.None);
        object?[] stale = [head.Sequence - 1, head.Hash, head.Sequence, head.Hash, head.LeaseOwner, "me", TimeProvider.System.GetUtcNow()];
        Assert.Equal(0, await session.ExecuteAsync(AuditSql.MoveHead, stale, CancellationToken.None));
        object?[] otherHash = [head.Sequence, new byte[32], head.Sequence + 1, head.Hash, head.LeaseOwner, "me", TimeProvider.System.GetUtcNow()];
        Assert.Equal(0, await session.ExecuteAsync(AuditSql.MoveHead, otherHash, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Entries_written_by_prepared_statements_are_sealed_and_read_as_any_other(DatabaseProvider provider)
    {
        await using var world = await AuditWorld.CreateAsync(provider);
        var full = new AuditFact(AuditAction.CaseOverridden, AuditActor.Staff(People.Analyst.Id, "192.0.2.1"), world.Clock.Now.AddTicks(12_345))
        {
            AccountId = 1,
            AddressId = 2,
            DomainName = "xn--bcher-kva.example",
            CaseId = 3,
            ScanId = 4,
            PolicyVersion = 5,
            Subject = "batch 6",
            BatchId = Guid.CreateVersion7(),
            Reason = "RenewalSeen",
            Comment = "<b>x</b> \u202Eabc \0 \ud83d =1+1",
            Changes = [("state", "NeedsReview", "Overridden"), ("until", null, world.Clock.Now)],
        };
        await using (var session = await StatementSession.OpenAsync(world.Dbs, CancellationToken.None))
        {
            await session.BeginAsync(CancellationToken.None);
            await session.InsertAsync(AuditSql.Entries, [.. Enumerable.Range(0, 3).Select(_ => AuditSql.Row(AuditTrail.Entry(full)))], CancellationToken.None);
            await session.CommitAsync(CancellationToken.None);
        }

        await world.WriteAsync(1, _ => full);
        Assert.Equal(4, await world.SealAsync());
        Assert.Null((await world.VerifyAsync()).Fault);
        Assert.All(await world.EntriesAsync(), e => Assert.Equal(SHA(e), Convert.ToHexStringLower(e.ContentHash)));

        static string SHA(AuditEntry e) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(AuditTrail.Canonical(e))));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_sealer_killed_without_warning_leaves_no_gap(DatabaseProvider provider)
    {
        await using var world = await AuditWorld.CreateAsync(provider);
        using var done = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await world.WriteAsync(5);
            }
        })).ToList();
        using (var victim = Start(world))
        {
            while (await SealedAsync(world) < 200)
            {
                Assert.False(victim.HasExited, "the server ended by itself");
                await Task.Delay(20);
            }

            victim.Kill(entireProcessTree: true);
            await victim.WaitForExitAsync();
        }

        await done.CancelAsync();
        await Task.WhenAll(writers);
        await world.SealAsync();
        var report = await world.VerifyAsync();
        Assert.Null(report.Fault);
        Assert.Equal(0, report.Unsealed);
        // The verification wrote an entry of its own, which nobody has sealed yet.
        var numbers = (await world.EntriesAsync()).Select(e => e.Sequence).OfType<long>().ToList();
        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(n => (long)n), numbers);
    }

    private static async Task<long> SealedAsync(AuditWorld world)
    {
        await using var db = await world.Dbs.CreateDbContextAsync();
        return await db.AuditHeads.Select(h => h.Sequence).FirstOrDefaultAsync();
    }

    private static Process Start(AuditWorld world)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] words =
        [
            typeof(SealEntries).Assembly.Location, "--environment=Staging", "--urls=http://127.0.0.1:0", "--DomainGuard:World=Live", $"--DomainGuard:DataDirectory={world.Folder}",
            $"--DomainGuard:Database:Provider={world.Database.Provider}", $"--DomainGuard:Database:ConnectionString={world.Database.ConnectionString}",
            "--DomainGuard:Lookups:AllowedPrivateHosts:0=127.0.0.1:9", "--DomainGuard:Lookups:Rdap:BootstrapUrl=http://127.0.0.1:9/dns.json", "--DomainGuard:Lookups:Dns:Enabled=false",
        ];
        Array.ForEach(words, info.ArgumentList.Add);
        var process = Process.Start(info)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
