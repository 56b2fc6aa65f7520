using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Scans;
using DomainGuard.Tests.Imports;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Audit;

/// <summary>What is done leaves its entry, and what is refused leaves none.</summary>
public sealed class RecordedTests
{
    [Fact]
    public async Task A_scan_leaves_who_started_controlled_and_that_it_ended()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com", "b.com");
        var id = ((StartOutcome.Started)await world.Get<StartScan>().ExecuteAsync(ScanScope.All, null, People.Administrator, CancellationToken.None)).ScanId;
        await world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);
        var second = ((StartOutcome.Started)await world.Get<StartScan>().ExecuteAsync(ScanScope.Domain, "b.com", People.Analyst, CancellationToken.None)).ScanId;
        Assert.True(await world.Get<ControlScan>().CancelAsync(second, People.Administrator, CancellationToken.None));

        var entries = await EntriesAsync(world.Get<IDbContextFactory<GuardDb>>());
        Assert.Equal(
            [AuditAction.ScanStarted, AuditAction.ScanEnded, AuditAction.ScanStarted, AuditAction.ScanControlled],
            entries.OrderBy(e => e.ScanId).ThenBy(e => e.Action == AuditAction.ScanStarted ? 0 : 1).Select(e => e.Action));
        Assert.All(entries.Where(e => e.ScanId == id && e.Action == AuditAction.ScanStarted), e => Assert.Equal((AuditActorKind.Staff, People.Administrator.Id.ToString("D"), "192.0.2.1"), (e.ActorKind, e.ActorId, e.ActorFrom)));
        Assert.Equal("b.com", entries.Single(e => e.ScanId == second && e.Action == AuditAction.ScanStarted).DomainName);
        Assert.Contains("\"answered\":2", entries.Single(e => e.Action == AuditAction.ScanEnded).After, StringComparison.Ordinal);
        Assert.Equal(("""{"status":"Preparing"}""", """{"status":"Cancelled"}"""), entries.Where(e => e.Action == AuditAction.ScanControlled).Select(e => (e.Before!, e.After!)).Single());
    }

    [Fact]
    public async Task Whoever_may_not_starts_and_controls_no_scan_and_leaves_no_entry()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com");
        Assert.IsType<StartOutcome.Refused>(await world.Get<StartScan>().ExecuteAsync(ScanScope.All, null, People.Analyst, CancellationToken.None));
        Assert.IsType<StartOutcome.Refused>(await world.Get<StartScan>().ExecuteAsync(ScanScope.Domain, "a.com", People.Auditor, CancellationToken.None));
        Assert.Empty(await EntriesAsync(world.Get<IDbContextFactory<GuardDb>>()));
        var id = await world.StartAsync();
        Assert.False(await world.Get<ControlScan>().CancelAsync(id, People.Analyst, CancellationToken.None));
        Assert.Single(await EntriesAsync(world.Get<IDbContextFactory<GuardDb>>()));
    }

    [Fact]
    public async Task An_import_leaves_what_it_brought_and_who_let_accounts_go()
    {
        await using var world = await ImportWorld.CreateAsync();
        const string Three = "1,a@example.com,true,2024-01-01T00:00:00Z,2023-01-01T00:00:00Z,Ada,100\n2,b@example.com,true,,,,\n3,c@example.com,true,,,,\n";
        await world.ImportAsync(Three);
        var import = await world.StageAsync("1,a@example.com,true,2024-01-01T00:00:00Z,2023-01-01T00:00:00Z,Ada,100\n", r => r with { WaitsForPerson = true });
        Assert.NotNull(await world.Get<ConfirmImport>().ExecuteAsync(import.Id, People.Analyst, true, true, CancellationToken.None));
        Assert.Null(await world.Get<ConfirmImport>().ExecuteAsync(import.Id, People.Administrator, true, true, CancellationToken.None));
        Assert.True(await world.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));

        var entries = await EntriesAsync(world.Dbs);
        Assert.Equal(3, entries.Count);
        var first = entries.Single(e => e.Action == AuditAction.ImportMerged && e.Subject != $"import {import.Id}");
        Assert.Contains("\"new\":3", first.After, StringComparison.Ordinal);
        Assert.Equal((AuditActorKind.System, "command line"), (first.ActorKind, first.ActorId));
        var confirmed = entries.Single(e => e.Action == AuditAction.ImportConfirmed);
        Assert.Equal((People.Administrator.Id.ToString("D"), $"import {import.Id}"), (confirmed.ActorId, confirmed.Subject));
        Assert.Contains("\"allowRemovals\":true", confirmed.After, StringComparison.Ordinal);
        var merged = entries.Single(e => e.Action == AuditAction.ImportMerged && e.Subject == $"import {import.Id}");
        Assert.Equal(People.Administrator.Id.ToString("D"), merged.ActorId);
        Assert.Contains("\"gone\":2", merged.After, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_in_and_out_and_failing_to_leaves_who_and_never_what_was_typed()
    {
        await using var app = await RunningApp.StartAsync();
        using var client = app.Client();
        await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", "my-secret-password"), ("Input.Password", "another secret"));
        for (var i = 0; i < 5; i++)
        {
            await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", "analyst"), ("Input.Password", "wrong password " + i));
        }

        using var admin = await app.SignInAsync("admin");
        var entries = (await EntriesAsync(app.App.Services.GetRequiredService<IDbContextFactory<GuardDb>>())).Where(e => e.Action is AuditAction.SignedIn or AuditAction.SignInFailed).OrderBy(e => e.At).ToList();
        Assert.Equal(6, entries.Count(e => e.Action == AuditAction.SignInFailed));
        Assert.All(entries, e => Assert.DoesNotContain("secret", AuditTrail.Canonical(e), StringComparison.Ordinal));
        Assert.All(entries, e => Assert.NotNull(e.ActorFrom));
        Assert.Null(entries[0].Subject);
        Assert.StartsWith("staff ", entries[1].Subject, StringComparison.Ordinal);
        Assert.Equal(AuditActorKind.Staff, entries.Single(e => e.Action == AuditAction.SignedIn).ActorKind);
    }

    [Fact]
    public async Task The_server_seals_within_seconds_and_the_first_administrator_stands_in_the_trail()
    {
        await using var app = await RunningApp.StartAsync("Staging", ("DomainGuard:World", "Live"), ("DomainGuard:Lookups:Dns:Enabled", "false"));
        var token = (await File.ReadAllTextAsync(Path.Combine(app.Folder, "setup-token"), TestContext.Current.CancellationToken)).Trim();
        using var client = app.Client();
        await RunningApp.PostFormAsync(
            client, "/setup", "setup", ("Input.Token", token), ("Input.UserName", "first"), ("Input.DisplayName", "First"), ("Input.Password", "a long enough password"));
        var dbs = app.App.Services.GetRequiredService<IDbContextFactory<GuardDb>>();
        List<AuditEntry> entries;
        do
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            entries = await EntriesAsync(dbs);
        }
        while (entries.Any(e => e.Sequence is null));
        var joined = entries.Single(e => e.Action == AuditAction.StaffJoined);
        Assert.Equal(("""{"roles":"Administrator"}""", "set-up"), (joined.After, joined.Subject));
        Assert.NotNull(joined.Hash);
    }

    private static async Task<List<AuditEntry>> EntriesAsync(IDbContextFactory<GuardDb> dbs)
    {
        await using var db = await dbs.CreateDbContextAsync();
        return await db.AuditEntries.AsNoTracking().OrderBy(e => e.At).ThenBy(e => e.Id).ToListAsync();
    }
}
