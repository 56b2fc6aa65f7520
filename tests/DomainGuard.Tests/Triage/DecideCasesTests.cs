using System.Collections.Concurrent;
using System.Text;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Triage;

public sealed class DecideCasesTests
{
    public static TheoryData<DatabaseProvider> Providers => TriageWorld.Providers;

    public static IEnumerable<TheoryDataRow<DatabaseProvider, string, string>> Breaks() =>
        from provider in new[] { DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql }
        from table in new[] { ("Bulk", "INSERT"), ("Case", "UPDATE"), ("Address", "UPDATE"), ("Decision", "INSERT"), ("AuditEntry", "INSERT") }
        select new TheoryDataRow<DatabaseProvider, string, string>(provider, table.Item1, table.Item2);

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_decision_moves_case_and_address_and_says_so_in_history_and_audit_trail(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var read = await world.CaseAsync();
        const string comment = "\u202E<script>alert('x')</script> =1+1 \u200F\U0001F600 \"quoted\"\r\n";

        var done = Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, read, CaseEvent.Unverify, ReasonCode.Other, comment));

        var now = await world.ReadAsync(read.Id);
        Assert.Equal((CaseState.Unverified, true, true, world.Ann.Id, 2), (now.State, now.IsOpen, now.IsUnverified, now.AssigneeId, now.Version));
        Assert.Equal(AddressState.Unverified, (await world.AddressAsync(read.AddressId!.Value)).State);
        var decision = Assert.Single(await world.DecisionsAsync());
        Assert.Equal((CaseEvent.Unverify, CaseState.NeedsReview, CaseState.Unverified, ReasonCode.Other, comment, done.BulkId, 2), (decision.Event, decision.From, decision.To, decision.Reason, decision.Comment, decision.BulkId, decision.CaseVersion));
        var entry = Assert.Single(await world.AuditAsync());
        Assert.Equal((AuditAction.CaseUnverified, AuditActorKind.Staff, world.Ann.Id.ToString("D"), "192.0.2.7", read.Id, comment, done.BulkId), (entry.Action, entry.ActorKind, entry.ActorId, entry.ActorFrom, entry.CaseId, entry.Comment, entry.BatchId));
        // What is read back hashes to what was hashed.
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(AuditTrail.Canonical(entry))), entry.ContentHash);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(comment)), entry.CommentHash);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_second_of_two_analysts_is_told_who_decided_what_and_when(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var read = await world.CaseAsync();
        Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Jonas, read, CaseEvent.Override, ReasonCode.RenewalSeen, days: 88));
        var at = world.Clock.Now;
        world.Clock.Time += TimeSpan.FromSeconds(20);

        var conflict = Assert.Single(Assert.IsType<DecideOutcome.Conflict>(await world.DecideAsync(world.Ann, read, CaseEvent.Unverify)).Cases);

        Assert.Equal(new CaseConflict(read.Id, CaseState.Overridden, 2, "Jonas T.", at, ReasonCode.RenewalSeen, at.AddDays(88)), conflict);
        Assert.Single(await world.DecisionsAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Of_twenty_decisions_at_once_exactly_one_stands(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var read = await world.CaseAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => world.DecideAsync(i % 2 == 0 ? world.Ann : world.Jonas, read, i % 3 == 0 ? CaseEvent.Dismiss : CaseEvent.Unverify))));

        Assert.Single(outcomes.OfType<DecideOutcome.Done>());
        Assert.Equal(19, outcomes.OfType<DecideOutcome.Conflict>().Count());
        Assert.Equal((1, 1, 2), ((await world.DecisionsAsync()).Count, (await world.AuditAsync()).Count, (await world.ReadAsync(read.Id)).Version));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Crossing_lists_of_two_analysts_never_share_a_case(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await world.CasesAsync(60);
        var refs = cases.Select(c => new CaseRef(c.Id, c.Version)).ToList();

        var outcomes = await Task.WhenAll(
            Task.Run(() => world.Get<DecideCases>().ExecuteAsync(world.Ann, refs[..40], world.Wish(CaseEvent.Unverify), CancellationToken.None)),
            Task.Run(() => world.Get<DecideCases>().ExecuteAsync(world.Jonas, [.. refs[20..].AsEnumerable().Reverse()], world.Wish(CaseEvent.Dismiss), CancellationToken.None)));

        var done = Assert.Single(outcomes.OfType<DecideOutcome.Done>());
        Assert.Equal(20, Assert.Single(outcomes.OfType<DecideOutcome.Conflict>()).Cases.Count);
        Assert.Equal((40, 40), (done.Count, (await world.DecisionsAsync()).Count));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_machine_that_only_refreshed_facts_is_no_conflict_and_one_that_found_worse_is(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var (same, worse, later) = (await world.CaseAsync(), await world.CaseAsync(), await world.CaseAsync());
        await world.RefreshAsync(same.Id, Phase.Redemption);
        await world.RefreshAsync(same.Id, Phase.OnHold);
        await world.RefreshAsync(worse.Id, Phase.Redemption);
        await world.RefreshAsync(worse.Id, Phase.PendingDelete);
        await world.RefreshAsync(worse.Id, Phase.PendingDelete);
        await world.RefreshAsync(later.Id, Phase.PendingDelete);
        var seen = await world.ReadAsync(later.Id);
        await world.RefreshAsync(later.Id, Phase.PendingDelete);

        Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, same, CaseEvent.Dismiss));
        var conflict = Assert.Single(Assert.IsType<DecideOutcome.Conflict>(await world.DecideAsync(world.Ann, worse, CaseEvent.Dismiss)).Cases);
        Assert.Equal(new CaseConflict(worse.Id, CaseState.NeedsReview, 4, null, null, null, null), conflict);
        // Whoever saw the worse facts decides on them.
        Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, seen, CaseEvent.Dismiss));
    }

    [Fact]
    public async Task A_machine_that_moved_the_case_is_a_conflict_that_names_it()
    {
        await using var world = await TriageWorld.CreateAsync();
        var read = await world.CaseAsync();
        Assert.True(await world.StepAsync(read.Id, CaseEvent.FindingUnverify, TriageWorld.Found(Phase.Released, wanted: PolicyAction.Unverify)));
        await world.RefreshAsync(read.Id, Phase.Released, wanted: PolicyAction.Unverify);

        var conflict = Assert.Single(Assert.IsType<DecideOutcome.Conflict>(await world.DecideAsync(world.Ann, read, CaseEvent.Dismiss)).Cases);

        Assert.Equal(("policy v3", CaseState.Unverified, 3), (conflict.By, conflict.State, conflict.Version));
    }

    [Fact]
    public async Task A_version_written_without_a_thought_for_what_was_read_is_a_conflict()
    {
        await using var world = await TriageWorld.CreateAsync();
        var read = await world.CaseAsync();
        await world.RefreshAsync(read.Id, Phase.Redemption);
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            await db.Cases.ExecuteUpdateAsync(s => s.SetProperty(c => c.Version, c => c.Version + 1));
        }

        Assert.IsType<DecideOutcome.Conflict>(await world.DecideAsync(world.Ann, read, CaseEvent.Dismiss));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Forged_numbers_are_refused_and_nothing_is_done(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var read = await world.CaseAsync();
        var decide = world.Get<DecideCases>();

        foreach (var id in new[] { 0, -1, 999, long.MaxValue, long.MinValue })
        {
            var outcome = await decide.ExecuteAsync(world.Ann, [new CaseRef(read.Id, read.Version), new CaseRef(id, 1)], world.Wish(CaseEvent.Unverify), CancellationToken.None);
            Assert.Contains(id.ToString(null, null), Assert.IsType<DecideOutcome.Refused>(outcome).Problem, StringComparison.Ordinal);
        }

        Assert.IsType<DecideOutcome.Conflict>(await decide.ExecuteAsync(world.Ann, [new CaseRef(read.Id, 77)], world.Wish(CaseEvent.Unverify), CancellationToken.None));
        Assert.IsType<DecideOutcome.Conflict>(await decide.ExecuteAsync(world.Ann, [new CaseRef(read.Id, -5)], world.Wish(CaseEvent.Unverify), CancellationToken.None));
        Assert.IsType<DecideOutcome.Refused>(await decide.ExecuteAsync(world.Ann, [], world.Wish(CaseEvent.Unverify), CancellationToken.None));
        Assert.Empty(await world.AuditAsync());
    }

    [Fact]
    public async Task A_case_named_twice_is_decided_once()
    {
        await using var world = await TriageWorld.CreateAsync();
        var read = await world.CaseAsync();

        var outcome = await world.Get<DecideCases>().ExecuteAsync(world.Ann, [new(read.Id, 1), new(read.Id, 1)], world.Wish(CaseEvent.Unverify), CancellationToken.None);

        Assert.Equal(1, Assert.IsType<DecideOutcome.Done>(outcome).Count);
        Assert.Single(await world.DecisionsAsync());
    }

    [Fact]
    public async Task One_case_whose_state_forbids_it_stops_all()
    {
        await using var world = await TriageWorld.CreateAsync();
        var open = await world.CaseAsync();
        var closed = await world.CaseAsync((c, _) => c.State = CaseState.Dismissed);

        var outcome = await world.Get<DecideCases>().ExecuteAsync(world.Ann, [new(open.Id, 1), new(closed.Id, 1)], world.Wish(CaseEvent.Unverify), CancellationToken.None);

        Assert.Contains($"Case {closed.Id} is dismissed: Unverify does not apply. What applies: Reopen.", Assert.IsType<DecideOutcome.Refused>(outcome).Problem, StringComparison.Ordinal);
        Assert.Empty(await world.DecisionsAsync());
    }

    [Theory]
    [InlineData(CaseState.Recovered, Phase.Active, true, "")]
    [InlineData(CaseState.Recovered, Phase.Expired, false, "way back is Override")]
    [InlineData(CaseState.Recovered, Phase.Unknown, false, "Rescan it first")]
    [InlineData(CaseState.Unverified, Phase.Redemption, false, "way back is Override")]
    [InlineData(CaseState.Confirmed, Phase.Active, false, "way back is Override")]
    [InlineData(CaseState.Dismissed, Phase.Active, false, "does not apply")]
    public async Task An_address_is_given_back_only_while_its_facts_are_in_order(CaseState state, Phase phase, bool isRestored, string words)
    {
        await using var world = await TriageWorld.CreateAsync();
        var read = await world.CaseAsync((c, _) => (c.State, c.IsUnverified, c.Phase, c.Wanted) = (state, state != CaseState.Dismissed, phase, PolicyAction.Nothing));

        var outcome = await world.DecideAsync(world.Ann, read, CaseEvent.Restore, ReasonCode.RenewalSeen);

        Assert.Equal(isRestored, outcome is DecideOutcome.Done);
        Assert.Contains(words, (outcome as DecideOutcome.Refused)?.Problem ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Dismissing_a_suspicion_takes_what_is_there_now_for_the_holders_unless_a_scan_just_found_more(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var read = await world.CaseAsync((c, a) => (c.HandChange, a.HandChange) = (HandChange.Suspected, HandChange.Suspected));
        var overtaken = await world.CaseAsync((c, a) => (c.HandChange, a.HandChange) = (HandChange.Suspected, HandChange.Reregistered));

        Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, read, CaseEvent.Dismiss, ReasonCode.OwnerConfirmed));
        Assert.IsType<DecideOutcome.Conflict>(await world.DecideAsync(world.Ann, overtaken, CaseEvent.Dismiss, ReasonCode.OwnerConfirmed));

        Assert.Equal((world.Clock.Now, HandChange.None), (await world.AddressAsync(read.AddressId!.Value) is var a ? (a.TrustedFrom, a.HandChange) : default));
        Assert.Equal((overtaken.OpenedAt.AddDays(-398), HandChange.Reregistered), (await world.AddressAsync(overtaken.AddressId!.Value) is var b ? (b.TrustedFrom, b.HandChange) : default));
    }

    [Fact]
    public async Task A_snooze_until_worse_after_one_with_a_date_has_no_date()
    {
        await using var world = await TriageWorld.CreateAsync();
        var read = await world.CaseAsync();
        await world.DecideAsync(world.Ann, read, CaseEvent.Snooze, days: 7);
        Assert.Equal(world.Clock.Now.AddDays(7), (await world.ReadAsync(read.Id)).Until);

        Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, await world.ReadAsync(read.Id), CaseEvent.Snooze));

        Assert.Null((await world.ReadAsync(read.Id)).Until);
    }

    [Fact]
    public async Task A_decision_on_a_whole_domain_leaves_its_addresses_to_follow()
    {
        await using var world = await TriageWorld.CreateAsync();
        var read = await world.DomainCaseAsync();

        var done = Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, read, CaseEvent.Unverify));

        Assert.Equal((true, 0L), (await world.ReadAsync(read.Id) is var c ? (c.IsUnverified, c.AppliedUpTo) : default));
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            await db.Cases.ExecuteUpdateAsync(s => s.SetProperty(x => x.AppliedUpTo, (long?)null));
        }

        Assert.IsType<UndoOutcome.Done>(await world.Get<UndoDecision>().ExecuteAsync(world.Ann, done.BulkId, CancellationToken.None));
        Assert.Equal((false, 0L), (await world.ReadAsync(read.Id) is var back ? (back.IsUnverified, back.AppliedUpTo) : default));
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task Broken_off_at_any_write_nothing_is_done_and_it_can_be_sent_again(DatabaseProvider provider, string table, string operation)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await world.CasesAsync(5);
        var refs = cases.Select(c => new CaseRef(c.Id, c.Version)).ToList();
        var before = System.Text.Json.JsonSerializer.Serialize(await world.ReadAsync(3));
        await world.BreakAsync(table, operation, table switch { "Bulk" => "NEW.\"Count\" = 5", "Case" or "Address" => "NEW.\"Id\" = 3", _ => "NEW.\"CaseId\" = 3" });

        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => world.Get<DecideCases>().ExecuteAsync(world.Ann, refs, world.Wish(CaseEvent.Unverify), CancellationToken.None));

        Assert.Empty(await world.DecisionsAsync());
        Assert.Empty(await world.AuditAsync());
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            Assert.False(await db.Bulks.AnyAsync() || await db.Cases.AnyAsync(c => c.Version != 1) || await db.Addresses.AnyAsync(a => a.State != AddressState.Verified));
        }

        Assert.Equal(before, System.Text.Json.JsonSerializer.Serialize(await world.ReadAsync(3)));
        await world.MendAsync(table);
        Assert.IsType<DecideOutcome.Done>(await world.Get<DecideCases>().ExecuteAsync(world.Ann, refs, world.Wish(CaseEvent.Unverify), CancellationToken.None));
        Assert.Equal(5, (await world.AuditAsync()).Count);
    }

    [Fact]
    public async Task Open_pages_are_told_after_the_commit_and_a_page_that_fails_takes_nothing_from_the_others()
    {
        await using var world = await TriageWorld.CreateAsync();
        var read = await world.CaseAsync();
        var told = new ConcurrentBag<(CasesChanged What, int Version)>();
        world.Get<CaseNotifier>().Changed += _ => throw new InvalidOperationException("a page is gone");
        world.Get<CaseNotifier>().Changed += what =>
        {
            using var db = world.Dbs.CreateDbContext();
            told.Add((what, db.Cases.Single(c => c.Id == read.Id).Version));
        };

        await world.DecideAsync(world.Ann, read, CaseEvent.Unverify);
        await world.DecideAsync(world.Jonas, read, CaseEvent.Unverify);

        var (what, version) = Assert.Single(told);
        Assert.Equal((read.Id, world.Ann.Id, 2), (Assert.Single(what.CaseIds), what.By, version));
    }
}
