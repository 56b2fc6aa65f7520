using System.Text;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Findings;

/// <summary>A verification that comes with a list of accounts is judged by its proof, as one that is told by itself (product section 7).</summary>
public sealed class SyncProofTests
{
    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task After_a_change_of_hands_a_list_gives_the_address_back_only_with_a_second_factor(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("sold.com");
        await world.PassAsync(TimeSpan.FromDays(90));
        await world.FindAsync(Life.Reregistered, "sold.com");
        var before = await AddressAsync(world);
        Assert.Equal(AddressState.Unverified, before.State);

        // Whoever holds the domain now reads the mail, and may have stolen a session.
        foreach (var proof in new[] { null, "none", "session" })
        {
            await world.PassAsync(TimeSpan.FromHours(1));
            await SyncAsync(world, world.Now, proof);
            await world.Scans.ScanAsync();
            var contested = await world.CaseAsync("sold.com");
            var address = await AddressAsync(world);
            Assert.Equal((CaseState.Unverified, true, AddressState.Unverified, ClaimState.Contested), (contested!.State, contested.IsContested, address.State, address.ClaimState));
            Assert.Equal((before.VerifiedAt, before.BaselineFrom), (address.VerifiedAt, address.BaselineFrom));
        }

        // The holder proves more, in a list whose process dies between reading and writing.
        await world.PassAsync(TimeSpan.FromHours(1));
        var verifiedAt = world.Now;
        await SyncAsync(world, verifiedAt, "second_factor", dies: true);
        Assert.Equal((ClaimState.Waiting, ClaimProof.SecondFactor, verifiedAt), await ClaimAsync(world));
        await SyncAsync(world, verifiedAt, "session"); // told again with less
        await SyncAsync(world, verifiedAt.AddMinutes(-1), "none"); // and what happened before
        Assert.Equal((ClaimState.Waiting, ClaimProof.SecondFactor, verifiedAt), await ClaimAsync(world));

        await world.Scans.ScanAsync();
        var restored = await world.CaseAsync("sold.com");
        var given = await AddressAsync(world);
        Assert.Equal((CaseState.Restored, false, AddressState.Verified, HandChange.None), (restored!.State, restored.IsContested, given.State, given.HandChange));
        Assert.Equal((verifiedAt, world.Now, ClaimState.None, ClaimProof.None), (given.VerifiedAt, given.BaselineFrom, given.ClaimState, given.ClaimProof));
        await world.PassAsync(TimeSpan.FromDays(2));
        await world.Scans.ScanAsync(); // what is there now is the holder's
        Assert.Equal(CaseState.Restored, (await world.CaseAsync("sold.com"))!.State);
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_proof_without_a_newer_verification_changes_nothing(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("sold.com");
        await world.PassAsync(TimeSpan.FromDays(90));
        await world.FindAsync(Life.Reregistered, "sold.com");
        var before = await AddressAsync(world);

        await SyncAsync(world, before.VerifiedAt, "second_factor");
        await SyncAsync(world, null, "second_factor");
        await world.Scans.ScanAsync();

        var after = await AddressAsync(world);
        Assert.Equal((AddressState.Unverified, before.BaselineFrom, before.VerifiedAt, ClaimState.None, ClaimProof.None), (after.State, after.BaselineFrom, after.VerifiedAt, after.ClaimState, after.ClaimProof));
        Assert.False((await world.CaseAsync("sold.com"))!.IsContested);
    }

    /// <summary>A list of one account, taken in by a process of its own; <paramref name="dies"/>: read by one and written by the next.</summary>
    private static async Task SyncAsync(FindingsWorld world, DateTimeOffset? verifiedAt, string? proof, bool dies = false)
    {
        await using var process = world.Scans.Join(more: s => s.AddImports());
        var said = (verifiedAt is { } at ? $",\"verifiedAt\":\"{at:yyyy-MM-ddTHH:mm:ss.ffffffZ}\"" : "") + (proof is null ? "" : $",\"proof\":\"{proof}\"");
        using var line = new MemoryStream(Encoding.UTF8.GetBytes($"{{\"accountId\":\"u1\",\"addresses\":[{{\"email\":\"a@sold.com\",\"primary\":true{said}}}]}}\n"));
        var import = await process.Get<StageImport>().ExecuteAsync(
            line, new ImportRequest("API", ImportFormat.Ndjson, Requester.CommandLine) { IsPartial = true }, null, null, CancellationToken.None);
        Assert.Equal((ImportStatus.Compared, 0), (import.Status, import.Rejected));
        if (!dies)
        {
            Assert.True(await process.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));
            return;
        }

        await using (var db = await process.OpenAsync())
        {
            await db.Imports.Where(i => i.Id == import.Id).ExecuteUpdateAsync(s => s.SetProperty(i => i.Status, ImportStatus.Merging));
        }

        await using var heir = world.Scans.Join(more: s => s.AddImports());
        Assert.Equal(1, await heir.Get<ResumeImports>().ExecuteAsync(null, CancellationToken.None));
    }

    private static async Task<(ClaimState, ClaimProof, DateTimeOffset?)> ClaimAsync(FindingsWorld world)
    {
        var address = await AddressAsync(world);
        return (address.ClaimState, address.ClaimProof, address.ClaimedAt);
    }

    private static async Task<Address> AddressAsync(FindingsWorld world)
    {
        await using var db = await world.OpenAsync();
        return await db.Addresses.AsNoTracking().SingleAsync(a => a.Email == "a@sold.com");
    }
}
