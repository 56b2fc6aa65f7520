using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Api;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Web;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Scans;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DomainGuard.Benchmarks;

/// <summary>
/// Import of a CSV file of 1,000,000 accounts in 250,000 domains into an empty database, beside two yardsticks in the same run. <em>Same rows</em>: the accounts, addresses,
/// domains and mail hosts that the import leaves behind, written into the same migrated tables with their indexes by a loop that does nothing else (SQLite: one prepared
/// statement per table in one transaction; PostgreSQL: one binary COPY per table). <em>One table</em>: the accounts alone, the same way. Each runs in a process of its own.
/// </summary>
internal static class ImportBenchmark
{
    private const int Accounts = 1_000_000;
    private const int AccountsPerDomain = 4;
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// <c>import [ACCOUNTS] [CONNECTION]</c>: SQLite, and PostgreSQL where a connection string of an existing, empty scratch database is given.
    /// </summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : Accounts;
        var folder = Directory.CreateTempSubdirectory("dg-bench-import-");
        try
        {
            var file = Path.Combine(folder.FullName, "accounts.csv");
            await WriteFileAsync(file, count);
            Console.WriteLine($"{count:N0} accounts, {count / AccountsPerDomain:N0} domains, {new FileInfo(file).Length / 1024 / 1024:N0} MiB of CSV");
            Console.WriteLine();
            Console.WriteLine("| database | what | seconds | accounts/s | of same rows | peak memory MiB |");
            Console.WriteLine("|---|---|---:|---:|---:|---:|");
            await CompareAsync("Sqlite", "Data Source=" + Path.Combine(folder.FullName, "import.db"), file, count);
            if (args.Length > 2)
            {
                await CompareAsync("PostgreSql", args[2], file, count);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return 0;
    }

    /// <summary>One measurement: <c>import-part PROVIDER CONNECTION FILE ACCOUNTS one|same|import|again</c>. Prints seconds and peak memory in bytes.</summary>
    public static async Task<int> PartAsync(string[] args)
    {
        var (provider, connection, file, count, part) = (Enum.Parse<DatabaseProvider>(args[1]), args[2], args[3], int.Parse(args[4], CultureInfo.InvariantCulture), args[5]);
        await using var services = Services(provider, connection, Path.GetDirectoryName(file)!);
        if (part != "again")
        {
            await EmptyAsync(services, provider);
        }

        var watch = Stopwatch.StartNew();
        if (part is "one" or "same")
        {
            await BareAsync(services, provider, count, onlyAccounts: part == "one");
        }
        else
        {
            await ImportAsync(services, file, count, isAgain: part == "again");
        }

        watch.Stop();
        using var self = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds} {self.PeakWorkingSet64}"));
        return 0;
    }

    /// <summary>
    /// <c>sync [ACCOUNTS]</c>: the same accounts as one full list over HTTP into a server on an empty SQLite file, which runs in a process of its own. Beside it the bare loop of
    /// the same rows.
    /// </summary>
    public static async Task<int> SyncAsync(string[] args)
    {
        var count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : Accounts;
        var folder = Directory.CreateTempSubdirectory("dg-bench-sync-");
        try
        {
            var file = Path.Combine(folder.FullName, "accounts.ndjson");
            await WriteLinesAsync(file, count);
            Console.WriteLine($"{count:N0} accounts of one address, {count / AccountsPerDomain:N0} domains, {new FileInfo(file).Length / 1024 / 1024:N0} MiB of NDJSON");
            Console.WriteLine();
            Console.WriteLine("| what | seconds | addresses/s | of same rows | memory of the server at a tenth, at the most, MiB |");
            Console.WriteLine("|---|---:|---:|---:|---:|");
            var bare = double.Parse((await SelfAsync("import-part", "Sqlite", "Data Source=" + Path.Combine(folder.FullName, "bare.db"), file, Text(count), "same")).Split(' ')[0], CultureInfo.InvariantCulture);
            Row("same rows, bare", bare, "", "");

            using var server = Launch("sync-server", Path.Combine(folder.FullName, "server"));
            var told = ((await server.StandardOutput.ReadLineAsync()) ?? throw new InvalidOperationException("The server did not start.")).Split(' ');
            using var client = new HttpClient { BaseAddress = new Uri(told[0]), Timeout = TimeSpan.FromMinutes(30) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", told[1]);
            foreach (var words in (string[])["synced, nothing known before", "the same list again"])
            {
                var tenth = TimeSpan.FromSeconds(bare / 5);
                var watch = Stopwatch.StartNew();
                var sending = SendAsync(client, file, count, isAgain: words != "synced, nothing known before");
                var (early, most) = (0L, 0L);
                while (await Task.WhenAny(sending, Task.Delay(250)) != sending)
                {
                    server.Refresh();
                    most = Math.Max(most, server.WorkingSet64);
                    early = early == 0 && watch.Elapsed > tenth ? most : early;
                }

                await sending;
                var took = watch.Elapsed.TotalSeconds;
                Row(words, took, (bare / took).ToString("P0", CultureInfo.InvariantCulture), $"{early / 1024 / 1024:N0}, {most / 1024 / 1024:N0}");
            }

            server.Kill();
            await server.WaitForExitAsync();
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return 0;

        void Row(string what, double seconds, string part, string memory) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {seconds:F1} | {count / seconds:N0} | {part} | {memory} |"));
    }

    /// <summary>The server of <see cref="SyncAsync"/>: <c>sync-server FOLDER</c>. Prints its address and a key, and runs until it is killed.</summary>
    public static async Task<int> ServeAsync(string[] args)
    {
        await using var app = DomainGuardApp.Build(["--environment=Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection([new("DomainGuard:World", "Live"), new("DomainGuard:DataDirectory", args[1]), new("DomainGuard:Lookups:Dns:Enabled", "false")]);
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
        });
        await DomainGuardApp.PrepareAsync(app, CancellationToken.None);
        var secret = ApiSecret.Make();
        await using (var db = await app.Services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync())
        {
            db.ApiKeys.Add(new ApiKey { Id = Guid.CreateVersion7(), Name = "bench", Hint = ApiSecret.Hint(secret), SecretHash = ApiSecret.Hash(secret), Scopes = ApiScopes.AccountsWrite, CreatedAt = TimeProvider.System.GetUtcNow() });
            await db.SaveChangesAsync();
        }

        await app.StartAsync();
        Console.WriteLine($"{app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()} {secret}");
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    private static async Task SendAsync(HttpClient client, string file, int count, bool isAgain)
    {
        await using var list = File.OpenRead(file);
        using var content = new StreamContent(list) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } };
        using var answer = await client.PostAsync(new Uri("/api/v1/sync?mode=full", UriKind.Relative), content);
        var last = (await answer.Content.ReadAsStringAsync()).TrimEnd().Split('\n')[^1];
        using var json = JsonDocument.Parse(last);
        if (!answer.IsSuccessStatusCode || json.RootElement.GetProperty("summary").GetProperty(isAgain ? "unchanged" : "new").GetInt32() != count)
        {
            throw new InvalidOperationException($"The list was not taken: {last}");
        }
    }

    private static async Task CompareAsync(string provider, string connection, string file, int count)
    {
        await MeasureAsync("one", "one table, bare", null);
        var same = await MeasureAsync("same", "same rows, bare", null);
        await MeasureAsync("import", "import", same);
        await MeasureAsync("again", "the same file again", same);

        async Task<double> MeasureAsync(string part, string words, double? yardstick)
        {
            var answer = (await SelfAsync("import-part", provider, connection, file, Text(count), part)).Split(' ');
            var (seconds, peak) = (double.Parse(answer[0], CultureInfo.InvariantCulture), long.Parse(answer[1], CultureInfo.InvariantCulture));
            var share = yardstick is null ? "" : (yardstick.Value / seconds).ToString("P0", CultureInfo.InvariantCulture);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {provider} | {words} | {seconds:F1} | {count / seconds:N0} | {share} | {peak / 1024 / 1024:N0} |"));
            return seconds;
        }
    }

    /// <summary>Runs a part in a process of its own: the last line that it prints.</summary>
    internal static async Task<string> SelfAsync(params string[] words)
    {
        using var process = Launch(words);
        var answer = (await process.StandardOutput.ReadToEndAsync()).Trim().Split('\n')[^1];
        await process.WaitForExitAsync();
        return answer;
    }

    // Started by "dotnet X.dll" or by its own executable.
    private static Process Launch(params string[] words) => Process.Start(new ProcessStartInfo(
        Environment.ProcessPath!, [.. Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(ImportBenchmark).Assembly.Location] : Array.Empty<string>(), .. words])
    {
        RedirectStandardOutput = true,
    })!;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task ImportAsync(ServiceProvider services, string file, int count, bool isAgain)
    {
        await using var stream = File.OpenRead(file);
        var watch = Stopwatch.StartNew();
        var import = await services.GetRequiredService<StageImport>().ExecuteAsync(stream, new ImportRequest("accounts.csv", ImportFormat.Csv, Requester.CommandLine), null, null, CancellationToken.None);
        var staged = watch.Elapsed;
        if (import.Status != ImportStatus.Compared || (isAgain ? import.UnchangedAccounts : import.NewAccounts) != count
            || !await services.GetRequiredService<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None))
        {
            throw new InvalidOperationException($"The import was not taken: {import.Problem}");
        }

        await Console.Error.WriteLineAsync($"  staged and compared {staged.TotalSeconds:F1} s, merged {(watch.Elapsed - staged).TotalSeconds:F1} s");
        await using var db = await services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        if (await db.Addresses.CountAsync() != count || await db.Domains.CountAsync(d => d.AddressCount == AccountsPerDomain) != count / AccountsPerDomain || await db.ImportRows.AnyAsync())
        {
            throw new InvalidOperationException("The import left other rows than it should.");
        }
    }

    private static async Task BareAsync(ServiceProvider services, DatabaseProvider provider, int count, bool onlyAccounts)
    {
        var dbs = services.GetRequiredService<IDbContextFactory<GuardDb>>();
        await using var db = await dbs.CreateDbContextAsync();
        await db.Database.OpenConnectionAsync();
        var connection = db.Database.GetDbConnection();
        await using var transaction = await connection.BeginTransactionAsync();
        var domains = count / AccountsPerDomain;
        if (!onlyAccounts)
        {
            await InsertAsync(connection, provider, "Domain", DomainColumns, Enumerable.Range(0, domains).Select(DomainRow));
            await InsertAsync(connection, provider, "MailHost", HostColumns, Enumerable.Range(0, domains).Select(HostRow));
        }

        await InsertAsync(connection, provider, "Account", AccountColumns, Enumerable.Range(0, count).Select(AccountRow));
        if (!onlyAccounts)
        {
            await InsertAsync(connection, provider, "Address", AddressColumns, Enumerable.Range(0, count).Select(i => AddressRow(i, domains)));
        }

        await transaction.CommitAsync();
    }

    private static async Task InsertAsync(DbConnection connection, DatabaseProvider provider, string table, string[] columns, IEnumerable<object?[]> rows)
    {
        var names = string.Join(", ", columns.Select(c => $"\"{c}\""));
        if (provider == DatabaseProvider.PostgreSql)
        {
            await using var writer = await ((NpgsqlConnection)connection).BeginBinaryImportAsync($"COPY \"{table}\" ({names}) FROM STDIN (FORMAT BINARY)");
            foreach (var row in rows)
            {
                await writer.WriteRowAsync(CancellationToken.None, row);
            }

            await writer.CompleteAsync();
            return;
        }

        await using var command = connection.CreateCommand();
        command.CommandText = $"INSERT INTO \"{table}\" ({names}) VALUES ({string.Join(", ", columns.Select((_, i) => $"@p{i}"))})";
        foreach (var (_, i) in columns.Select((c, i) => (c, i)))
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"@p{i}";
            command.Parameters.Add(parameter);
        }

        await command.PrepareAsync();
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                command.Parameters[i].Value = row[i] ?? DBNull.Value;
            }

            await command.ExecuteNonQueryAsync();
        }
    }

    private static readonly string[] DomainColumns =
        ["Id", "Name", "Tld", "WatchedFor", "AddressCount", "MaxImpact", "Priority", "EarliestTrustAt", "AddedAt", "Phase", "Flags", "Confidence", "HandChange", "NextCheckAt", "NextSweepAt", "FailuresInRow", "Version"];

    private static readonly string[] HostColumns = ["Id", "DomainId", "Name", "IsTenant"];

    private static readonly string[] AccountColumns =
        ["Id", "ExternalId", "UserName", "SortName", "DisplayName", "CreatedAt", "LastSeenAt", "TwoFactor", "Privileged", "Projects", "MonthlyDownloads", "Impact", "AddressCount", "AddedAt", "ChangedAt", "Version"];

    private static readonly string[] AddressColumns =
        ["Id", "AccountId", "DomainId", "Email", "SearchEmail", "MailHost", "IsPrimary", "VerifiedAt", "BaselineFrom", "State", "HandChange", "HandConfidence", "AddedAt", "Version"];

    private static object?[] DomainRow(int i) =>
        [i + 1L, Host(i), "example-tld", 1, AccountsPerDomain, 300, 2, Start.UtcDateTime, Start.UtcDateTime, 0, 0, 0, 0, Start.UtcDateTime, Start.UtcDateTime, 0, 0];

    private static object?[] HostRow(int i) => [i + 1L, i + 1L, Host(i), false];

    private static object?[] AccountRow(int i) =>
        [i + 1L, Id(i), Name(i), Name(i), Display(i), Created(i).UtcDateTime, Seen(i).UtcDateTime, i % 3 == 0, false, (long)(i % 40), (long)i % 5000 * 17, i % 1000, 1, Start.UtcDateTime, Start.UtcDateTime, 0];

    private static object?[] AddressRow(int i, int domains)
    {
        var host = Host(i % domains);
        var mail = $"{Name(i)}@{host}";
        return [i + 1L, i + 1L, (i % domains) + 1L, mail, mail, host, true, Created(i).AddHours(1).UtcDateTime, Start.UtcDateTime, 0, 0, 0, Start.UtcDateTime, 0];
    }

    private static async Task WriteFileAsync(string file, int count)
    {
        await using var text = new StreamWriter(file);
        await text.WriteLineAsync("account_id,user_name,display_name,email,primary,verified_at,created_at,last_seen_at,two_factor,privileged,projects,monthly_downloads");
        var domains = count / AccountsPerDomain;
        for (var i = 0; i < count; i++)
        {
            await text.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{Id(i)},{Name(i)},\"{Display(i)}\",{Name(i)}@{Host(i % domains)},true,{Created(i).AddHours(1):yyyy-MM-ddTHH:mm:ssZ},{Created(i):yyyy-MM-ddTHH:mm:ssZ},{Seen(i):yyyy-MM-ddTHH:mm:ssZ},{(i % 3 == 0 ? "true" : "false")},false,{i % 40},{(long)i % 5000 * 17}"));
        }
    }

    private static async Task WriteLinesAsync(string file, int count)
    {
        await using var text = new StreamWriter(file);
        var domains = count / AccountsPerDomain;
        for (var i = 0; i < count; i++)
        {
            await text.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $$"""
                {"accountId":"{{Id(i)}}","userName":"{{Name(i)}}","displayName":"{{Display(i)}}","createdAt":"{{Created(i):yyyy-MM-ddTHH:mm:ssZ}}","lastSeenAt":"{{Seen(i):yyyy-MM-ddTHH:mm:ssZ}}","twoFactor":{{(i % 3 == 0 ? "true" : "false")}},"projects":{{i % 40}},"monthlyDownloads":{{(long)i % 5000 * 17}},"addresses":[{"email":"{{Name(i)}}@{{Host(i % domains)}}","primary":true,"verifiedAt":"{{Created(i).AddHours(1):yyyy-MM-ddTHH:mm:ssZ}}"}]}
                """));
        }
    }

    // A database that grew: ids rise, names and domains come in no order.
    private static string Id(int i) => (i + 1).ToString(CultureInfo.InvariantCulture);

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"user-{Scatter(i):x8}");

    private static string Display(int i) => string.Create(CultureInfo.InvariantCulture, $"User, the {i}th");

    // Another order than that of the names: who comes first among the names does not come first among the domains.
    private static string Host(int i) => string.Create(CultureInfo.InvariantCulture, $"d{Scatter((int)Scatter(i) ^ 0x5bd1e995):x8}.com");

    private static DateTimeOffset Created(int i) => Start.AddMinutes(-3_000_000 + (i * 2.5));

    private static DateTimeOffset Seen(int i) => Start.AddMinutes(-(Scatter(i) % 400_000));

    // The last step of MurmurHash3: as good as random, and no two numbers become the same.
    private static uint Scatter(int i)
    {
        var h = (uint)i;
        unchecked
        {
            h = (h ^ (h >> 16)) * 0x85ebca6b;
            h = (h ^ (h >> 13)) * 0xc2b2ae35;
        }

        return h ^ (h >> 16);
    }

    private static async Task EmptyAsync(ServiceProvider services, DatabaseProvider provider)
    {
        await using (var db = await services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync())
        {
            if (provider == DatabaseProvider.PostgreSql)
            {
                await db.Database.ExecuteSqlRawAsync("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public");
            }
            else
            {
                await db.Database.EnsureDeletedAsync();
            }
        }

        NpgsqlConnection.ClearAllPools();
        await services.GetRequiredService<GuardDatabase>().MigrateAsync(CancellationToken.None);
    }

    private static ServiceProvider Services(DatabaseProvider provider, string connection, string folder)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3);
        services.AddGuardData(new DatabaseOptions { Provider = provider, ConnectionString = connection }, folder);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<GuardClock>(new FixedClock());
        services.AddSingleton<ScanNode>();
        services.AddImports();
        return services.BuildServiceProvider();
    }

    private sealed class FixedClock : GuardClock
    {
        public override DateTimeOffset Now => Start;
    }
}
