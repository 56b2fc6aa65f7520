using DomainGuard.Core.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Audit;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Audit;

public sealed class MakeCheckpointTests
{
    public static TheoryData<DatabaseProvider> Providers => AuditWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task One_a_day_signed_however_often_and_by_however_many_it_is_asked_for(DatabaseProvider provider)
    {
        using var key = AuditKey.Create();
        await using var world = await AuditWorld.CreateAsync(provider, key.ToPem());
        await using var other = world.Join();
        await world.WriteAsync(3);
        await Task.WhenAll(world.Get<MakeCheckpoint>().DailyAsync(CancellationToken.None), other.Get<MakeCheckpoint>().DailyAsync(CancellationToken.None));
        await world.Get<MakeCheckpoint>().DailyAsync(CancellationToken.None);
        world.Clock.Time = world.Clock.Time.AddDays(1);
        await world.Get<MakeCheckpoint>().DailyAsync(CancellationToken.None);

        await using var db = await world.Dbs.CreateDbContextAsync();
        var kept = await db.AuditCheckpoints.AsNoTracking().OrderBy(c => c.At).ToListAsync();
        Assert.Equal(["2026-03-01", "2026-03-02"], kept.Select(c => c.Day));
        Assert.All(kept, c =>
        {
            var said = ChainCheckpoint.Read(c.Token, [key], out var text)!;
            Assert.Equal((SignatureState.Good, key.Id, key.Id), (text.State, text.KeyId, c.KeyId));
            Assert.Equal((3, 3, 0), (said.Sequence, said.Count, said.Unsealed));
        });
    }

    [Fact]
    public async Task Without_a_key_it_is_made_all_the_same_and_says_that_nobody_signed_it()
    {
        await using var world = await AuditWorld.CreateAsync();
        await world.WriteAsync(1);
        var made = (await world.Get<MakeCheckpoint>().ExecuteAsync(People.Auditor, CancellationToken.None))!;
        Assert.Null(made.KeyId);
        ChainCheckpoint.Read(made.Token, [], out var text);
        Assert.Equal(SignatureState.NotSigned, text.State);
        await world.SealAsync();
        var entry = (await world.EntriesAsync())[^1];
        Assert.Equal((AuditAction.CheckpointMade, 2L), (entry.Action, entry.Sequence));
        Assert.Contains("unsigned", (await world.VerifyAsync()).Notes.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_another_process_is_still_to_seal_is_counted()
    {
        await using var world = await AuditWorld.CreateAsync();
        await world.WriteAsync(2);
        await world.SealAsync();
        await using var other = world.Join();
        await world.WriteAsync(1);
        var made = (await other.Get<MakeCheckpoint>().ExecuteAsync(People.Auditor, CancellationToken.None))!;
        Assert.Equal((2, 2, 1), (made.Sequence, made.Count, made.Unsealed));
    }
}
