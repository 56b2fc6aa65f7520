using DomainGuard.Core.Audit;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Audit;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Audit;

/// <summary>Somebody with the database in his hands, and what is noticed of it.</summary>
public sealed class VerifyChainTests
{
    /// <summary>What he does to a chain of nine entries; what is found; the number that is named.</summary>
    public static TheoryData<string, ChainFaultKind, long> Tampering => new()
    {
        { """UPDATE "AuditEntry" SET "Reason" = 'Other' WHERE "Sequence" = 4""", ChainFaultKind.AlteredContent, 4 },
        { """UPDATE "AuditEntry" SET "At" = '2026-03-01 12:00:01' WHERE "Sequence" = 4""", ChainFaultKind.AlteredContent, 4 },
        { """UPDATE "AuditEntry" SET "ActorKind" = 2 WHERE "Sequence" = 4""", ChainFaultKind.AlteredContent, 4 },
        { """UPDATE "AuditEntry" SET "Comment" = 'another' WHERE "Sequence" = 4""", ChainFaultKind.AlteredContent, 4 },
        { """UPDATE "AuditEntry" SET "After" = '{}' WHERE "Sequence" = 9""", ChainFaultKind.AlteredContent, 9 },
        { """UPDATE "AuditEntry" SET "ContentHash" = (SELECT "ContentHash" FROM "AuditEntry" WHERE "Sequence" = 3) WHERE "Sequence" = 4""", ChainFaultKind.AlteredContent, 4 },
        { """UPDATE "AuditEntry" SET "Hash" = "ContentHash" WHERE "Sequence" = 4""", ChainFaultKind.BrokenLink, 4 },
        { """DELETE FROM "AuditEntry" WHERE "Sequence" = 4""", ChainFaultKind.Gap, 4 },
        { """DELETE FROM "AuditEntry" WHERE "Sequence" = 1""", ChainFaultKind.Gap, 1 },
        { """UPDATE "AuditEntry" SET "Sequence" = 0 WHERE "Sequence" = 4""", ChainFaultKind.Gap, 4 },
        { """DELETE FROM "AuditEntry" WHERE "Sequence" > 7""", ChainFaultKind.TailCut, 8 },
        { """DELETE FROM "AuditEntry" WHERE "Sequence" > 7; UPDATE "AuditHead" SET "Sequence" = 7, "Hash" = (SELECT "Hash" FROM "AuditEntry" WHERE "Sequence" = 7)""", ChainFaultKind.TailCut, 8 },
        { """DELETE FROM "AuditEntry" """, ChainFaultKind.TailCut, 1 },
        { """UPDATE "AuditCheckpoint" SET "Sequence" = 5""", ChainFaultKind.BadSeal, 5 },
        { """UPDATE "AuditHead" SET "Hash" = (SELECT "Hash" FROM "AuditEntry" WHERE "Sequence" = 2)""", ChainFaultKind.OtherThanCheckpoint, 9 },
    };

    public static TheoryData<DatabaseProvider> Providers => AuditWorld.Providers;

    [Theory]
    [MemberData(nameof(Tampering))]
    public async Task What_was_done_to_the_database_is_named(string sql, ChainFaultKind kind, long sequence)
    {
        using var key = AuditKey.Create();
        await using var world = await FilledAsync(DatabaseProvider.Sqlite, key);
        await world.SqlAsync(sql);
        var fault = (await world.VerifyAsync()).Fault;
        Assert.NotNull(fault);
        Assert.Equal((kind, sequence), (fault.Kind, fault.Sequence));
        var status = await world.Get<ChainStatusStore>().GetAsync(CancellationToken.None);
        Assert.Equal(fault, status!.Fault);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_untouched_chain_is_whole_and_that_it_was_verified_is_recorded(DatabaseProvider provider)
    {
        using var key = AuditKey.Create();
        await using var world = await FilledAsync(provider, key);
        List<VerifyProgress> seen = [];
        var report = (await world.Get<VerifyChain>().ExecuteAsync(People.Auditor, [], seen.Add, CancellationToken.None))!;
        Assert.Null(report.Fault);
        Assert.Equal((9, 1, 9, 1, 0), (report.Entries, report.First, report.Last, report.Checkpoints, report.Erased));
        Assert.Empty(report.Notes);
        Assert.Equal(new VerifyProgress(9, 9), seen[^1]);
        await world.SealAsync();
        var entry = (await world.EntriesAsync())[^1];
        Assert.Equal((AuditAction.ChainVerified, AuditActorKind.Staff, People.Auditor.Id.ToString("D")), (entry.Action, entry.ActorKind, entry.ActorId));
        Assert.Equal("""{"result":"whole","upTo":9}""", entry.After);
        var status = await world.Get<ChainStatusStore>().GetAsync(CancellationToken.None);
        Assert.Equal(new ChainStatus(world.Clock.Now, 9, null), status);
    }

    [Fact]
    public async Task An_erased_comment_leaves_the_chain_whole()
    {
        await using var world = await FilledAsync(DatabaseProvider.Sqlite, null);
        await world.SqlAsync("""UPDATE "AuditEntry" SET "Comment" = NULL WHERE "Sequence" = 4""");
        var report = await world.VerifyAsync();
        Assert.Null(report.Fault);
        Assert.Equal(1, report.Erased);
    }

    [Fact]
    public async Task A_checkpoint_kept_elsewhere_notices_what_the_database_no_longer_knows()
    {
        using var key = AuditKey.Create();
        await using var world = await FilledAsync(DatabaseProvider.Sqlite, key);
        var kept = await TokenAsync(world);
        await world.SqlAsync(
            """DELETE FROM "AuditCheckpoint"; DELETE FROM "AuditEntry" WHERE "Sequence" > 7; UPDATE "AuditHead" SET "Sequence" = 7, "Hash" = (SELECT "Hash" FROM "AuditEntry" WHERE "Sequence" = 7)""");
        Assert.Null((await world.VerifyAsync()).Fault);
        await world.SqlAsync("""DELETE FROM "AuditEntry" WHERE "Sequence" IS NULL""");
        Assert.Equal((ChainFaultKind.TailCut, 8L), (await world.VerifyAsync(kept)).Fault is { } f ? (f.Kind, f.Sequence) : default);
    }

    [Fact]
    public async Task A_chain_made_anew_from_the_middle_is_noticed_by_a_checkpoint()
    {
        using var key = AuditKey.Create();
        await using var world = await FilledAsync(DatabaseProvider.Sqlite, key);
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            var previous = AuditChain.Genesis.ToArray();
            foreach (var entry in await db.AuditEntries.OrderBy(e => e.Sequence).ToListAsync())
            {
                entry.Reason = entry.Sequence == 5 ? "Other" : entry.Reason;
                entry.ContentHash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(AuditTrail.Canonical(entry)));
                previous = entry.Hash = AuditChain.Hash(entry.Sequence!.Value, previous, entry.ContentHash);
            }

            (await db.AuditHeads.SingleAsync()).Hash = previous;
            await db.SaveChangesAsync();
        }

        // The checkpoint and the head name different entries #9: one of them is false.
        Assert.Equal((ChainFaultKind.OtherThanCheckpoint, 9L), (await world.VerifyAsync()).Fault is { } f ? (f.Kind, f.Sequence) : default);
    }

    [Fact]
    public async Task Whoever_has_no_role_verifies_nothing()
    {
        await using var world = await AuditWorld.CreateAsync();
        Assert.Null(await world.Get<VerifyChain>().ExecuteAsync(People.Nobody, [], null, CancellationToken.None));
        Assert.Null(await world.Get<MakeCheckpoint>().ExecuteAsync(People.Nobody, CancellationToken.None));
    }

    [Fact]
    public async Task An_empty_chain_is_whole()
    {
        await using var world = await AuditWorld.CreateAsync();
        var report = await world.VerifyAsync();
        Assert.Null(report.Fault);
        Assert.Equal((0, 0), (report.Entries, report.Last));
    }

    private static async Task<AuditWorld> FilledAsync(DatabaseProvider provider, AuditKey? key)
    {
        var world = await AuditWorld.CreateAsync(provider, key?.ToPem());
        await world.WriteAsync(9, i => new AuditFact(AuditAction.CaseConfirmed, AuditActor.Staff(People.Analyst.Id, null), world.Clock.Now.AddSeconds(i))
        {
            CaseId = i,
            Reason = "DomainLapsed",
            Comment = "seen " + i,
            Changes = [("state", "Unverified", "Confirmed")],
        });
        await world.SealAsync();
        await world.Get<MakeCheckpoint>().DailyAsync(CancellationToken.None);
        return world;
    }

    private static async Task<string> TokenAsync(AuditWorld world)
    {
        await using var db = await world.Dbs.CreateDbContextAsync();
        return await db.AuditCheckpoints.Select(c => c.Token).SingleAsync();
    }
}
