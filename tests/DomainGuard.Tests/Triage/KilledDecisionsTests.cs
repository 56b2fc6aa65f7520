using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Api;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Triage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Triage;

/// <summary>The real server, killed without warning again and again while it writes decisions.</summary>
public sealed class KilledDecisionsTests
{
    public static TheoryData<DatabaseProvider> Providers => TriageWorld.Providers;

    /// <summary>A platform that sends what had no answer again, as <c>docs/api.md</c> says it should.</summary>
    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Decisions_sent_to_a_server_that_is_killed_again_and_again_are_each_made_once(DatabaseProvider provider)
    {
        const int Count = 400;
        await using var world = await TriageWorld.CreateAsync(provider);
        var secret = await KeyAsync(world);
        var left = new ConcurrentQueue<Open>((await world.CasesAsync(Count)).Select(c => new Open(c.Id, "k-" + c.Id, WasSent: false)));
        var folder = Directory.CreateTempSubdirectory("dg-killed-").FullName;
        foreach (var goal in new[] { 0.3, 0.6, 1 })
        {
            var (server, url) = await Executable.ServeAsync(world.Database, folder);
            using var process = server;
            var callers = Enumerable.Range(0, 4).Select(_ => Task.Run(() => SendAsync(url, secret, left))).ToArray();
            if (goal < 1)
            {
                await Executable.KillWhenAsync(server, () => Task.FromResult(left.Count < Count * (1 - goal)));
            }

            await Task.WhenAll(callers);
            if (goal < 1)
            {
                Assert.InRange(left.Count, 1, Count); // really in the middle
                continue;
            }

            await using var db = await world.Dbs.CreateDbContextAsync();
            await Executable.KillWhenAsync(server, async () => await db.AuditEntries.AllAsync(e => e.Sequence != null)); // it goes on sealing what the dead left
        }

        Assert.Empty(left);
        await AssertDecidedAsync(world, Count, AuditActorKind.Key);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>All of it is one transaction: killed while it runs, nothing of it is there, and the next server carries it out whole.</summary>
    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_list_whose_server_is_killed_in_the_middle_of_it_is_decided_whole_by_the_next_one(DatabaseProvider provider)
    {
        const int Count = 4_000;
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(Count);
        var bulk = (await world.Get<FreezeCases>().ExecuteAsync(world.Ann, d => d.Cases.Where(c => c.IsOpen), CancellationToken.None)).BulkId;
        await using var db = await world.Dbs.CreateDbContextAsync();
        var wish = new BulkWish(world.Wish(CaseEvent.Unverify), false, null).ToJson();
        await db.Bulks.Where(b => b.Id == bulk).ExecuteUpdateAsync(s => s.SetProperty(b => b.Wish, wish));
        var folder = Directory.CreateTempSubdirectory("dg-killed-").FullName;
        for (var life = 0; life < 2; life++)
        {
            var (server, _) = await Executable.ServeAsync(world.Database, folder);
            using var process = server;
            await Executable.KillWhenAsync(server, async () =>
            {
                if (!await IsWritingAsync(world))
                {
                    return false;
                }

                await Task.Delay(Random.Shared.Next(60));
                return true;
            });
            await WrittenAsync(world);
            var written = await db.Decisions.CountAsync();
            Assert.True(written == 0 || (written == Count && life > 0), $"{written} of {Count} were written"); // on its way out it may have committed
            Assert.Equal((written, written), (await db.Cases.CountAsync(c => c.Version > 1), await db.AuditEntries.CountAsync(e => e.CaseId != null)));
            if (written > 0)
            {
                break;
            }
        }

        var (heir, _) = await Executable.ServeAsync(world.Database, folder);
        using (heir)
        {
            await Executable.KillWhenAsync(heir, async () => await db.Bulks.AnyAsync(b => b.Id == bulk && b.DoneAt != null) && await db.AuditEntries.AllAsync(e => e.Sequence != null));
        }

        await AssertDecidedAsync(world, Count, AuditActorKind.Staff);
        Assert.Equal((Count, 0), await db.Bulks.Where(b => b.Id == bulk).Select(b => new { b.Decided, b.Skipped }).SingleAsync() is var b ? (b.Decided, b.Skipped) : default);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task AssertDecidedAsync(TriageWorld world, int count, AuditActorKind by)
    {
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal(count, await db.Cases.CountAsync(c => c.State == CaseState.Unverified && c.Version == 2 && c.Address!.State == AddressState.Unverified));
        Assert.Equal((count, count), (await db.Decisions.CountAsync(), await db.Decisions.Select(d => d.CaseId).Distinct().CountAsync()));
        var entries = db.AuditEntries.Where(e => e.CaseId != null && e.ActorKind == by);
        Assert.Equal((count, count), (await entries.CountAsync(), await entries.Select(e => e.CaseId).Distinct().CountAsync()));
        using var auditor = Executable.Start(world.Database, "audit", "verify");
        Assert.Equal(0, (await Executable.EndAsync(auditor)).Exit);
    }

    // Ends when nothing is left, or the server is dead.
    private static async Task SendAsync(Uri url, string secret, ConcurrentQueue<Open> left)
    {
        using var client = new HttpClient { BaseAddress = url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        while (left.TryDequeue(out var open))
        {
            try
            {
                if (await DecideAsync(client, open) is var status && status != HttpStatusCode.OK)
                {
                    // Claimed by the dead: what became of it stands in the case.
                    Assert.True(open.WasSent && status == HttpStatusCode.Conflict, $"{open}: {status}");
                    using var read = await client.GetAsync(new Uri($"/api/v1/cases/{open.Id}", UriKind.Relative));
                    if (read.Headers.ETag!.Tag == "\"1\"")
                    {
                        Assert.Equal(HttpStatusCode.OK, await DecideAsync(client, open with { Key = open.Key + "-again" }));
                    }
                }
            }
            catch (HttpRequestException)
            {
                left.Enqueue(open with { WasSent = true });
                return;
            }
        }
    }

    private static async Task<HttpStatusCode> DecideAsync(HttpClient client, Open open)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/api/v1/cases/{open.Id}/decisions", UriKind.Relative))
        {
            Content = new StringContent("""{"decision":"Unverify","reason":"DomainLapsed"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        request.Headers.TryAddWithoutValidation(ApiIdempotency.Header, open.Key);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    private static async Task<string> KeyAsync(TriageWorld world)
    {
        var secret = ApiSecret.Make();
        await using var db = await world.Dbs.CreateDbContextAsync();
        db.ApiKeys.Add(new ApiKey
        {
            Id = Guid.CreateVersion7(),
            Name = "platform",
            Hint = ApiSecret.Hint(secret),
            SecretHash = ApiSecret.Hash(secret),
            Scopes = ApiScopes.CasesRead | ApiScopes.CasesDecide,
            CreatedAt = TimeProvider.System.GetUtcNow(),
        });
        await db.SaveChangesAsync();
        return secret;
    }

    // A transaction that writes has been under way for 50 ms: nothing else that the server does takes so long.
    private static async Task<bool> IsWritingAsync(TriageWorld world)
    {
        if (world.Provider == DatabaseProvider.PostgreSql)
        {
            await using var db = await world.Dbs.CreateDbContextAsync();
            return await RunningAsync(db, 0.05) > 0;
        }

        for (var i = 0; i < 5; i++)
        {
            if (await IsFreeAsync(world))
            {
                return false;
            }

            await Task.Delay(10);
        }

        return true;
    }

    // Until the server of the database has noticed that its client is dead; SQLite has none.
    private static async Task WrittenAsync(TriageWorld world)
    {
        await using var db = await world.Dbs.CreateDbContextAsync();
        while (world.Provider == DatabaseProvider.PostgreSql && await RunningAsync(db, 0) > 0)
        {
            await Task.Delay(20);
        }
    }

    private static Task<int> RunningAsync(GuardDb db, double seconds) => db.Database.SqlQuery<int>(
        $"""
        SELECT count(*)::int AS "Value" FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL AND xact_start < clock_timestamp() - make_interval(secs => {seconds})
        """).SingleAsync();

    private static async Task<bool> IsFreeAsync(TriageWorld world)
    {
        await using var connection = new SqliteConnection(world.Database.ConnectionString + ";Pooling=False");
        await connection.OpenAsync();
        return SQLitePCL.raw.sqlite3_exec(connection.Handle, "BEGIN IMMEDIATE; ROLLBACK") != SQLitePCL.raw.SQLITE_BUSY; // a command would wait for it
    }

    private sealed record Open(long Id, string Key, bool WasSent);
}
