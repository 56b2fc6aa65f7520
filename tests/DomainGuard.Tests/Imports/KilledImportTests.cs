using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Imports;

/// <summary>The real executable, killed without warning while it reads a file and while it merges one.</summary>
public sealed class KilledImportTests
{
    private const int Count = 40_000;

    public static TheoryData<DatabaseProvider> Providers => ImportWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_import_killed_at_any_moment_and_sent_again_leaves_what_one_go_leaves(DatabaseProvider provider)
    {
        var rows = ImportWorld.Header + string.Concat(
            Enumerable.Range(0, Count).Select(i => $"{i:d6},a@h{i % 7}.d{i * 7_919L % 9_000:d5}.com,true,2024-01-02T03:04:05Z,2020-01-02T03:04:05Z,,{i % 90}\n"));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, rows, TestContext.Current.CancellationToken);
        await using var whole = await ImportWorld.CreateAsync(provider);
        Assert.Equal((Count, 0), await ImportAsync(whole, file));

        await using var world = await ImportWorld.CreateAsync(provider);
        await using var db = await world.Dbs.CreateDbContextAsync();
        await KillAsync(world, file, () => db.ImportRows.AnyAsync()); // while it is read: begun anew, nobody is gone
        Assert.Equal((0, ImportStatus.Staging), (await db.Accounts.CountAsync(), await db.Imports.Select(i => i.Status).SingleAsync()));
        foreach (var merged in new[] { 1, 20_000 })
        {
            await KillAsync(world, file, async () => await db.Imports.AnyAsync(i => i.Status == ImportStatus.Merging) && await db.Accounts.CountAsync() >= merged);
            Assert.InRange(await db.Accounts.CountAsync(), merged, Count - 1); // really in the middle
        }

        Assert.Equal((0, Count), await ImportAsync(world, file));

        Assert.Equal(await whole.DumpAsync(withKeys: false), await world.DumpAsync(withKeys: false));
        Assert.Equal(0, await db.ImportRows.CountAsync());
        Assert.Equal([Count, Count], await db.Imports.Where(i => i.Status == ImportStatus.Completed).Select(i => i.MergedAccounts).ToListAsync()); // what was done again counts once
        Assert.Equal(2, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.ImportMerged && e.Sequence != null)); // the one that was ended for the dead, and this one
        File.Delete(file);
    }

    private static async Task KillAsync(ImportWorld world, string file, Func<Task<bool>> when)
    {
        using var victim = Executable.Start(world.Options, "import", file, "--format", "csv", "--json");
        await Executable.KillWhenAsync(victim, async () =>
        {
            if (!await when())
            {
                return false;
            }

            await Task.Delay(Random.Shared.Next(30));
            return true;
        });
    }

    private static async Task<(int New, int Unchanged)> ImportAsync(ImportWorld world, string file)
    {
        using var process = Executable.Start(world.Options, "import", file, "--format", "csv", "--json");
        var (output, exit) = await Executable.EndAsync(process);
        Assert.Equal(0, exit);
        var report = JsonDocument.Parse(output).RootElement;
        return (report.GetProperty("new").GetInt32(), report.GetProperty("unchanged").GetInt32());
    }
}
