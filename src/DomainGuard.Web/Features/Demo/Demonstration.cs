using System.Globalization;
using System.Text;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using DomainGuard.Simulator;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Demo;

/// <summary>The first start of a demonstration: day zero of the world is now, findings are carried out from the beginning, its sample accounts are imported as any file is.</summary>
internal sealed class Demonstration(World world, StageImport stage, MergeImport merge, ImportQueries imports, IDbContextFactory<GuardDb> dbs)
{
    private const string StartFile = "world-start";

    /// <summary>
    /// Day zero of the pretend world, kept in the data directory, so that every process and every later start lives in the same world. Without a file it is this hour.
    /// </summary>
    public static DateTimeOffset StartOf(DomainGuardOptions options, TimeProvider time)
    {
        var file = Path.Combine(options.DataDirectory, StartFile);
        if (File.Exists(file) && DateTimeOffset.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var start))
        {
            return start;
        }

        var now = time.GetUtcNow();
        return new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero);
    }

    /// <summary>Keeps day zero and imports the sample accounts, unless there are accounts already.</summary>
    public async Task PrepareAsync(DomainGuardOptions options, CancellationToken cancel)
    {
        Directory.CreateDirectory(options.DataDirectory);
        var file = Path.Combine(options.DataDirectory, StartFile);
        if (!File.Exists(file))
        {
            await File.WriteAllTextAsync(file, world.Start.ToString("O", CultureInfo.InvariantCulture), cancel);
        }

        if (await imports.AnyAccountAsync(cancel))
        {
            return;
        }

        await using (var db = await dbs.CreateDbContextAsync(cancel))
        {
            await InstallationSettings.SetAsync(db, InstallationSettings.ObserveOnly, false, cancel);
            await db.SaveChangesAsync(cancel);
        }

        using var accounts = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', SampleAccounts.NdjsonLines(world))));
        var import = await stage.ExecuteAsync(accounts, new ImportRequest("sample-accounts.ndjson", ImportFormat.Ndjson, Requester.Demonstration), null, null, cancel);
        if (import.Status == ImportStatus.Compared)
        {
            await merge.ExecuteAsync(import.Id, null, cancel);
        }
    }
}
