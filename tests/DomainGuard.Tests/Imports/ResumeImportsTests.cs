using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Imports;

/// <summary>Imports of which the process died, was held up, or was not alone.</summary>
public sealed class ResumeImportsTests
{
    private static readonly string Rows = string.Concat(Enumerable.Range(0, 40).Select(i => $"{i},a@d{i}.com,true,,,,\n"));

    public static TheoryData<DatabaseProvider> Providers => ImportWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_merge_whose_process_died_is_ended_before_the_next_file_is_compared(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        var left = await world.StageAsync(Rows);
        await LeaveAsync(world, left.Id, ImportStatus.Merging);

        var next = await world.ImportAsync(Rows.Replace("39,a@d39.com,true,,,,\n", "", StringComparison.Ordinal));

        Assert.Equal((0, 39, 1), (next.NewAccounts, next.UnchangedAccounts, next.GoneAccounts));
        Assert.Equal(ImportStatus.Completed, (await world.Get<ImportQueries>().FindAsync(left.Id, CancellationToken.None))!.Status);
        Assert.NotNull((await world.AccountAsync("39")).RetiredAt);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15_000)]
    [InlineData(50_000)]
    public async Task A_merge_of_many_pages_that_was_broken_off_leaves_what_one_go_leaves(int after)
    {
        // Pages of 10,000 rows, whose domains are added for 50,000 at a time: hosts of one domain, and one host, on both sides of every border.
        var rows = string.Concat(Enumerable.Range(0, 60_000).Select(i => $"{i:d6},a@h{i % 7}.d{i * 7_919L % 20_000:d5}.com,true,,,,\n"));
        await using var whole = await ImportWorld.CreateAsync();
        await whole.ImportAsync(rows);
        await using var world = await ImportWorld.CreateAsync();
        var import = await world.StageAsync(rows);
        using var broken = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Get<MergeImport>().ExecuteAsync(import.Id, p => Break(p.Done), broken.Token));
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            Assert.InRange(await db.Accounts.CountAsync(), after, 59_999);
        }

        Assert.True(await world.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));
        Assert.Equal(await whole.DumpAsync(withKeys: false), await world.DumpAsync(withKeys: false));

        void Break(int done)
        {
            if (done >= after)
            {
                broken.Cancel();
            }
        }
    }

    [Fact]
    public async Task A_file_that_was_half_read_is_given_up_and_its_rows_are_cleared()
    {
        await using var world = await ImportWorld.CreateAsync();
        var left = await world.StageAsync(Rows);
        await LeaveAsync(world, left.Id, ImportStatus.Staging);

        Assert.Equal(0, await world.Get<ResumeImports>().ExecuteAsync(null, CancellationToken.None));

        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal(ImportStatus.Refused, (await db.Imports.SingleAsync()).Status);
        Assert.False(await db.ImportRows.AnyAsync() || await db.Accounts.AnyAsync());
    }

    [Fact]
    public async Task An_import_killed_while_its_rows_were_cleared_retires_nobody()
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync(Rows);
        var before = await world.DumpAsync();
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            // Ended, and one row of the many still there.
            db.ImportRows.Add(new ImportRow { ImportId = (await db.Imports.SingleAsync()).Id, Sequence = 1, Line = 2, ExternalId = "0" });
            await db.SaveChangesAsync();
        }

        await world.Get<ResumeImports>().ExecuteAsync(null, CancellationToken.None);

        await using var after = await world.Dbs.CreateDbContextAsync();
        Assert.False(await after.ImportRows.AnyAsync());
        Assert.Equal(before, await world.DumpAsync());
    }

    [Fact]
    public async Task A_comparison_nobody_confirmed_is_given_up_after_a_day()
    {
        await using var world = await ImportWorld.CreateAsync();
        var import = await world.StageAsync(Rows);
        world.Clock.Time += TimeSpan.FromHours(23);
        await world.Get<ResumeImports>().ExecuteAsync(null, CancellationToken.None);
        Assert.Equal(ImportStatus.Compared, (await world.Get<ImportQueries>().FindAsync(import.Id, CancellationToken.None))!.Status);

        world.Clock.Time += TimeSpan.FromHours(2);
        await world.Get<ResumeImports>().ExecuteAsync(null, CancellationToken.None);
        Assert.Equal(ImportStatus.Refused, (await world.Get<ImportQueries>().FindAsync(import.Id, CancellationToken.None))!.Status);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_second_import_waits_for_the_first_and_compares_with_what_it_wrote(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        await using var other = world.Join();
        var slow = new Held(ImportWorld.Header + Rows);
        var first = world.Get<StageImport>().ExecuteAsync(slow, new ImportRequest("slow.csv", ImportFormat.Csv, Requester.CommandLine), null, null, CancellationToken.None);
        await slow.Reading.Task;

        var waited = new TaskCompletionSource<string>();
        var second = other.Get<StageImport>().ExecuteAsync(
            ImportWorld.Text(ImportWorld.Header + Rows), new ImportRequest("second.csv", ImportFormat.Csv, Requester.CommandLine), p => waited.TrySetResult(p.Step), null, CancellationToken.None);
        Assert.Equal("Waiting for import 1", await waited.Task.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.False(second.IsCompleted);
        slow.Go.SetResult();
        Assert.Equal(40, (await first).NewAccounts);
        Assert.Equal(40, (await second).NewAccounts);

        Assert.True(await world.Get<MergeImport>().ExecuteAsync((await first).Id, null, CancellationToken.None));
        Assert.True(await other.Get<MergeImport>().ExecuteAsync((await second).Id, null, CancellationToken.None));
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal((40, 40, 40), (await db.Accounts.CountAsync(), await db.Addresses.CountAsync(), await db.Domains.CountAsync(d => d.AddressCount == 1)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Two_merges_of_one_import_end_with_one_of_them(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        await using var other = world.Join();
        var import = await world.StageAsync(Rows);

        var both = await Task.WhenAll(Task.Run(() => world.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None)), Task.Run(() => other.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None)));

        Assert.Single(both, true);
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal((40, 0), (await db.Accounts.CountAsync(), await db.Accounts.CountAsync(a => a.RetiredAt != null)));
    }

    [Fact]
    public async Task A_process_that_lost_its_lease_while_it_read_writes_nothing_more()
    {
        await using var world = await ImportWorld.CreateAsync();
        var slow = new Held(ImportWorld.Header + Rows);
        var reading = world.Get<StageImport>().ExecuteAsync(slow, new ImportRequest("slow.csv", ImportFormat.Csv, Requester.CommandLine), null, null, CancellationToken.None);
        await slow.Reading.Task;
        await LeaveAsync(world, 1, ImportStatus.Staging);
        await world.Get<ResumeImports>().ExecuteAsync(null, CancellationToken.None);

        slow.Go.SetResult();
        await Assert.ThrowsAsync<ImportLeaseLostException>(() => reading);

        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal(ImportStatus.Refused, (await db.Imports.SingleAsync()).Status);
        Assert.False(await db.ImportRows.AnyAsync());
    }

    [Fact]
    public async Task A_merge_that_is_broken_off_is_free_for_the_next_at_once()
    {
        await using var world = await ImportWorld.CreateAsync();
        var import = await world.StageAsync(Rows);
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Get<MergeImport>().ExecuteAsync(import.Id, _ => cancel.Cancel(), cancel.Token));

        Assert.True(await world.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal((40, 40), (await db.Accounts.CountAsync(), await db.Addresses.CountAsync()));
    }

    /// <summary>As a process leaves it that is killed.</summary>
    private static async Task LeaveAsync(ImportWorld world, long id, ImportStatus status)
    {
        await using var db = await world.Dbs.CreateDbContextAsync();
        var dead = $"{world.Get<ScanNode>().Name.Split(':')[0]}:999999999:gone";
        var until = TimeProvider.System.GetUtcNow().AddSeconds(20);
        await db.Imports.Where(i => i.Id == id).ExecuteUpdateAsync(s => s.SetProperty(i => i.Status, status).SetProperty(i => i.LeaseOwner, dead).SetProperty(i => i.LeaseUntil, until));
    }

    /// <summary>A file of which nothing comes until it is told.</summary>
    private sealed class Held(string text) : MemoryStream(System.Text.Encoding.UTF8.GetBytes(text))
    {
        public TaskCompletionSource Reading { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Reading.TrySetResult();
            await Go.Task.WaitAsync(cancellationToken);
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
