using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Policy;

public sealed class PreviewPolicyTests
{
    public static TheoryData<DatabaseProvider> Providers => PolicyWorld.Providers;

    private static readonly GuardPolicy Stricter = PolicyFields.With(GuardPolicy.Default, "OnHold.action", "Unverify")!;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Says_who_would_newly_be_unverified_reviewed_and_released(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.Scans.AddAsync("hold.com", "single.com", "parked.com", "active.com", "soon.com", "gone.com");
        await world.SetAsync("hold.com", d => d.Phase = Phase.OnHold);
        await world.SetAsync("single.com", d => (d.Phase, d.Confidence) = (Phase.OnHold, Confidence.Single));
        await world.SetAsync("parked.com", d => d.Flags = DomainFlags.Parked);
        await world.SetAsync("soon.com", d => d.Phase = Phase.ExpiringSoon);
        await world.SetAsync("gone.com", d => d.Phase = Phase.Released);
        var draft = new[] { ("Parked.action", "Watch"), ("ExpiringSoon.action", "Review") }.Aggregate(Stricter, (p, c) => PolicyFields.With(p, c.Item1, c.Item2)!);

        var result = await world.PreviewAsync(GuardPolicy.Default, draft);

        Assert.Equal((6, 6), (result.Domains, result.Addresses));
        Assert.Equal(["hold.com"], await world.NamesAsync(result, PreviewGroup.Unverified));
        Assert.Equal(["soon.com"], await world.NamesAsync(result, PreviewGroup.Review));
        Assert.Equal(["parked.com"], await world.NamesAsync(result, PreviewGroup.Released));
        // The one that only one source speaks of goes to a person under both, and says which guard stands there now.
        Assert.Equal(3, result[PreviewGroup.Same].Addresses);
        Assert.Equal(new Dictionary<Guard, long> { [Guard.Confidence] = 1 }, result.Guards);
        // What is due already counts in the portion too.
        Assert.Equal((2, 20, false), (result.Portion, result.BrakeLimit, result.BrakeHolds));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Large_and_notable_domains_are_one_line_and_21_more_addresses_hold_the_brake(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.Scans.AddAsync(Enumerable.Range(0, 21).Select(i => $"h{i:00}.com").Append("large.com"));
        await world.SetAsync(null, d => (d.Phase, d.AddressCount) = (Phase.OnHold, d.Name == "large.com" ? 60 : 1));

        var result = await world.PreviewAsync(GuardPolicy.Default, Stricter);

        Assert.Equal(new PreviewCount(21, 21, 0, 0), result[PreviewGroup.Unverified]);
        Assert.Equal(new Dictionary<Guard, long> { [Guard.Large] = 60 }, result.Guards);
        Assert.True(result.BrakeHolds);

        var open = PolicyFields.With(Stricter, "guards.largeFrom", "off")!;
        Assert.Equal(81, (await world.PreviewAsync(GuardPolicy.Default, open))[PreviewGroup.Unverified].Addresses);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_override_holds_against_a_stricter_rule_until_the_facts_are_worse(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.Scans.AddAsync("over.com", "worse.com", "dismissed.com", "unverified.com");
        await world.SetAsync(null, d => (d.Phase, d.HasCase) = (Phase.OnHold, true));
        await world.AddCaseAsync("over.com", CaseState.Overridden, Phase.OnHold);
        await world.AddCaseAsync("worse.com", CaseState.Overridden, Phase.Expired);
        await world.AddCaseAsync("dismissed.com", CaseState.Dismissed, Phase.OnHold);
        await world.AddCaseAsync("unverified.com", CaseState.Confirmed, Phase.Redemption);

        var result = await world.PreviewAsync(GuardPolicy.Default, Stricter);

        Assert.Equal(["worse.com"], await world.NamesAsync(result, PreviewGroup.Unverified));
        Assert.Equal(3, result[PreviewGroup.Same].Addresses);
        Assert.Equal(1, result.Guards[Guard.Override]);
    }

    [Fact]
    public async Task What_waits_in_a_batch_is_no_part_of_the_next_portion()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.Scans.AddAsync("waits.com", "new.com");
        await world.SetAsync(null, d => (d.Phase, d.HasCase) = (Phase.Released, d.Name == "waits.com"));
        var id = await world.AddCaseAsync("waits.com", CaseState.NeedsReview, Phase.Released);
        await using (var db = await world.OpenAsync())
        {
            await db.Cases.Where(c => c.Id == id).ExecuteUpdateAsync(s => s.SetProperty(c => c.Guard, Guard.Brake), TestContext.Current.CancellationToken);
        }

        var result = await world.PreviewAsync(GuardPolicy.Default, Stricter);
        Assert.Equal((1, 1), (result.Portion, result.Waiting));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_past_day_is_judged_by_the_verdicts_cases_and_hands_of_its_end(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        var now = world.Scans.Clock.Now;
        await world.Scans.AddAsync("then.com", "later.com", "hands.com", "fresh.com", "undone.com");
        await world.SetAsync(null, d => d.AddedAt = now.AddDays(-100));
        await world.AddSpansAsync("then.com", (Phase.OnHold, -50, -20), (Phase.Active, -20, null));
        await world.AddSpansAsync("later.com", (Phase.Active, -50, -5), (Phase.OnHold, -5, null));
        await world.AddSpansAsync("hands.com", (Phase.Active, -50, null));
        await world.AddSpansAsync("undone.com", (Phase.Redemption, -50, null));
        await world.SetAsync("later.com", d => d.Phase = Phase.OnHold);
        await world.SetAsync("undone.com", d => (d.Phase, d.HasCase) = (Phase.Redemption, true));
        await world.SetAsync("hands.com", d => (d.HandChange, d.RegisteredAt) = (HandChange.Reregistered, now.AddDays(-30)));
        await world.SetAddressesAsync(a => a.AddedAt = now.AddDays(-100));
        await world.SetAddressesAsync(a => (a.HandChange, a.HandConfidence) = (HandChange.Reregistered, Confidence.Corroborated), "hands.com");
        // Un-verified forty days ago, given back ten days ago.
        var undone = await world.AddCaseAsync("undone.com", CaseState.Overridden, Phase.Redemption);
        await world.AddDecisionAsync(undone, CaseState.Unverified, -40, Phase.Redemption);
        await world.AddDecisionAsync(undone, CaseState.Overridden, -10, Phase.Redemption);

        var today = await world.PreviewAsync(null, Stricter);
        Assert.Equal(["hands.com", "later.com"], await world.NamesAsync(today, PreviewGroup.Unverified));

        // A day on which the one was on hold, the other was not yet, and nothing had been judged of the third.
        var past = await world.PreviewAsync(null, Stricter, DateOnly.FromDateTime(now.AddDays(-25).UtcDateTime));
        Assert.Equal(4, past.Domains);
        Assert.Equal(["hands.com", "then.com"], await world.NamesAsync(past, PreviewGroup.Unverified));
        Assert.Equal(2, past[PreviewGroup.Same].Addresses);

        // Before the new registration there was no change of hands.
        var before = await world.PreviewAsync(null, Stricter, DateOnly.FromDateTime(now.AddDays(-35).UtcDateTime));
        Assert.Equal(["then.com"], await world.NamesAsync(before, PreviewGroup.Unverified));

        // And before there was any history there is nothing to say.
        Assert.Equal(0, (await world.PreviewAsync(null, Stricter, DateOnly.FromDateTime(now.AddDays(-60).UtcDateTime))).Domains);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_rules_of_others_are_applied_to_the_same_evidence_where_there_is_any(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.Scans.AddAsync("none.com", "words.com", "mail.com", "unknown.com");
        await world.SetAsync(null, d => d.Phase = Phase.OnHold);
        await world.AddAnswerAsync("words.com", "expiring active", MailRoute.None);
        await world.AddAnswerAsync("mail.com", "expiring active", MailRoute.Mx);
        await world.AddAnswerAsync("unknown.com", "unknown", MailRoute.None);

        var result = await world.PreviewAsync(GuardPolicy.Default, Stricter);
        var rows = (await world.Get<PreviewPolicy>().PageAsync(result, PreviewGroup.Unverified, null, 50, CancellationToken.None)).Rows.ToDictionary(r => r.Domain);

        Assert.Equal((ComparisonResult.NotKnown, ComparisonResult.NotKnown), (rows["none.com"].PyPi, rows["none.com"].RubyGems));
        Assert.Equal((ComparisonResult.Act, ComparisonResult.Act), (rows["words.com"].PyPi, rows["words.com"].RubyGems));
        Assert.Equal((ComparisonResult.Act, ComparisonResult.Nothing), (rows["mail.com"].PyPi, rows["mail.com"].RubyGems));
        Assert.Equal((ComparisonResult.Act, ComparisonResult.Nothing), (rows["unknown.com"].PyPi, rows["unknown.com"].RubyGems));
        Assert.Equal((3, 1, 1), (result.PyPi, result.RubyGems, result.NotKnown));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Its_lists_move_by_key_over_domains_and_addresses_and_miss_nobody(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.Scans.AddAsync(Enumerable.Range(0, 30).Select(i => $"h{i:00}.com"));
        await world.AddAddressesAsync("h07.com", 12);
        await world.SetAsync(null, d => d.Phase = Phase.OnHold);
        // Cases make addresses be judged one by one: the list must not care.
        await world.SetAsync("h11.com", d => d.HasCase = true);

        var result = await world.PreviewAsync(GuardPolicy.Default, Stricter);
        var seen = new List<(string, long)>();
        string? after = null;
        do
        {
            var page = await world.Get<PreviewPolicy>().PageAsync(result, PreviewGroup.Unverified, after, 5, CancellationToken.None);
            Assert.True(page.Rows.Count is > 0 and <= 5);
            Assert.All(page.Rows, r => Assert.NotNull(r.Name));
            seen.AddRange(page.Rows.Select(r => (r.Domain, r.AddressId)));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal(42, result[PreviewGroup.Unverified].Addresses);
        Assert.Equal(42, seen.Distinct().Count());
        Assert.Equal(42, seen.Count);
        Assert.Empty((await world.Get<PreviewPolicy>().PageAsync(result, PreviewGroup.Released, null, 5, CancellationToken.None)).Rows);
    }

    [Fact]
    public async Task A_result_is_kept_for_ten_minutes_by_draft_and_day()
    {
        await using var world = await PolicyWorld.CreateAsync();
        var time = new Infrastructure.ManualTime();
        await using var process = world.Scans.Join(time, s => s.AddPolicy());
        var previews = process.Get<PreviewPolicy>();
        await world.Scans.AddAsync("hold.com");
        await world.SetAsync("hold.com", d => d.Phase = Phase.OnHold);

        var first = await previews.ExecuteAsync(GuardPolicy.Default, Stricter, null, PolicyWorld.Ada, null, CancellationToken.None);
        await world.SetAsync("hold.com", d => d.Phase = Phase.Active);
        Assert.Same(first, await previews.ExecuteAsync(GuardPolicy.Default, Stricter, null, PolicyWorld.Ada, null, CancellationToken.None));
        Assert.Same(first, previews.Kept(GuardPolicy.Default, Stricter, DateOnly.FromDateTime(world.Scans.Clock.Now.UtcDateTime)));
        Assert.Null(previews.Kept(GuardPolicy.Default, GuardPolicy.Default, null));
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.False(previews.IsFresh(first!));
        Assert.Equal(0, (await previews.ExecuteAsync(GuardPolicy.Default, Stricter, null, PolicyWorld.Ada, null, CancellationToken.None))![PreviewGroup.Unverified].Addresses);
    }

    [Fact]
    public async Task It_tells_how_far_it_is_and_stops_when_told_to()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.Scans.AddAsync(Enumerable.Range(0, 2_100).Select(i => $"d{i}.com"));
        var steps = new List<PreviewProgress>();
        await world.Get<PreviewPolicy>().ExecuteAsync(GuardPolicy.Default, Stricter, null, PolicyWorld.Ada, new Collector(steps.Add), CancellationToken.None);
        Assert.Equal([0, 2_000, 2_100, 2_100], steps.Select(s => s.Done));
        Assert.All(steps, s => Assert.Equal(2_100, s.Total));

        using var stop = new CancellationTokenSource();
        var other = PolicyFields.With(Stricter, "brake.perDay", "9")!;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Get<PreviewPolicy>().ExecuteAsync(
            GuardPolicy.Default, other, null, PolicyWorld.Ada, new Collector(s => { if (s.Done > 0) { stop.Cancel(); } }), stop.Token));
        Assert.Null(world.Get<PreviewPolicy>().Kept(GuardPolicy.Default, other, null));
    }

    [Theory]
    [InlineData(Roles.Administrator, true)]
    [InlineData(Roles.Analyst, true)]
    [InlineData(Roles.Auditor, true)]
    [InlineData("", false)]
    public async Task Whoever_reads_the_console_may_ask(string role, bool may)
    {
        await using var world = await PolicyWorld.CreateAsync();
        Assert.Equal(may, await world.Get<PreviewPolicy>().ExecuteAsync(GuardPolicy.Default, Stricter, null, PolicyWorld.Person(role), null, CancellationToken.None) is not null);
    }

    [Fact]
    public async Task What_is_expected_at_the_support_desk_rests_on_at_least_20_decisions()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.Scans.AddAsync("hold.com");
        await world.SetAsync("hold.com", d => (d.Phase, d.HasCase) = (Phase.OnHold, true));
        var id = await world.AddCaseAsync("hold.com", CaseState.NeedsReview, Phase.OnHold);
        for (var i = 0; i < 19; i++)
        {
            await world.AddDecisionAsync(id, CaseState.NeedsReview, -1, Phase.OnHold, i < 5 ? ReasonCode.FalsePositive : ReasonCode.DomainLapsed);
        }

        Assert.Null((await world.PreviewAsync(GuardPolicy.Default, Stricter)).FalsePositives);
        await world.AddDecisionAsync(id, CaseState.NeedsReview, -1, Phase.OnHold, ReasonCode.DomainLapsed);
        Assert.Equal(0.25, (await world.PreviewAsync(GuardPolicy.Default, PolicyFields.With(Stricter, "brake.perDay", "9")!)).FalsePositives);
    }

    private sealed class Collector(Action<PreviewProgress> tell) : IProgress<PreviewProgress>
    {
        public void Report(PreviewProgress value) => tell(value);
    }
}

/// <summary>What the preview's tests put into the database.</summary>
internal static class PreviewScenes
{
    public static async Task<PreviewResult> PreviewAsync(this PolicyWorld world, GuardPolicy? before, GuardPolicy after, DateOnly? day = null) =>
        (await world.Get<PreviewPolicy>().ExecuteAsync(before, after, day, PolicyWorld.Ada, null, CancellationToken.None))!;

    public static async Task<string[]> NamesAsync(this PolicyWorld world, PreviewResult result, PreviewGroup group) =>
        [.. (await world.Get<PreviewPolicy>().PageAsync(result, group, null, 50, CancellationToken.None)).Rows.Select(r => r.Domain).Order(StringComparer.Ordinal)];

    /// <summary>Changes one domain, or all; each is active and corroborated unless a change says otherwise.</summary>
    public static async Task SetAsync(this PolicyWorld world, string? name, Action<Domain> change)
    {
        await using var db = await world.OpenAsync();
        foreach (var domain in await db.Domains.Where(d => name == null || d.Name == name).ToListAsync())
        {
            domain.Phase = domain.Phase == Phase.Unknown ? Phase.Active : domain.Phase;
            domain.Confidence = Confidence.Corroborated;
            change(domain);
        }

        await db.SaveChangesAsync();
        await db.Domains.Where(d => d.Phase == Phase.Unknown).ExecuteUpdateAsync(s => s.SetProperty(d => d.Phase, Phase.Active).SetProperty(d => d.Confidence, Confidence.Corroborated));
    }

    public static async Task SetAddressesAsync(this PolicyWorld world, Action<Address> change, string? domain = null)
    {
        await using var db = await world.OpenAsync();
        foreach (var address in await db.Addresses.Where(a => domain == null || a.Domain!.Name == domain).ToListAsync())
        {
            change(address);
        }

        await db.SaveChangesAsync();
    }

    public static async Task AddAddressesAsync(this PolicyWorld world, string domain, int count)
    {
        await using var db = await world.OpenAsync();
        var row = await db.Domains.SingleAsync(d => d.Name == domain);
        for (var i = 1; i <= count; i++)
        {
            var id = 1_000_000 + i;
            db.Add(new Account { Id = id, ExternalId = $"more{i}", SortName = $"more{i}", AddressCount = 1, AddedAt = row.AddedAt, ChangedAt = row.AddedAt, Version = 1 });
            db.Add(new Address { Id = id, AccountId = id, DomainId = row.Id, Email = $"m{i}@{domain}", SearchEmail = $"m{i}@{domain}", MailHost = domain, BaselineFrom = row.AddedAt, AddedAt = row.AddedAt, Version = 1 });
        }

        row.AddressCount += count;
        await db.SaveChangesAsync();
    }

    public static async Task AddSpansAsync(this PolicyWorld world, string domain, params (Phase Phase, int From, int? To)[] spans)
    {
        await using var db = await world.OpenAsync();
        var (id, now) = ((await db.Domains.SingleAsync(d => d.Name == domain)).Id, world.Scans.Clock.Now);
        foreach (var (phase, from, to) in spans)
        {
            db.PhaseSpans.Add(new PhaseSpan
            {
                Id = await world.Get<IdAllocator>().NextAsync(IdAllocator.PhaseSpan, CancellationToken.None),
                DomainId = id,
                Phase = phase,
                Confidence = Confidence.Corroborated,
                From = now.AddDays(from),
                To = to is { } end ? now.AddDays(end) : null,
            });
        }

        await db.SaveChangesAsync();
    }

    public static async Task<long> AddCaseAsync(this PolicyWorld world, string domain, CaseState state, Phase decided)
    {
        await using var db = await world.OpenAsync();
        var address = await db.Addresses.Include(a => a.Domain).SingleAsync(a => a.Domain!.Name == domain);
        var isUnverified = CaseTransitions.AddressAfter(state) ?? false;
        address.State = isUnverified ? AddressState.Unverified : AddressState.Verified;
        var now = world.Scans.Clock.Now;
        db.Cases.Add(new Case
        {
            Id = address.Id,
            AddressId = address.Id,
            AccountId = address.AccountId,
            DomainId = address.DomainId,
            State = state,
            IsOpen = CaseTransitions.IsOpen(state, isUnverified),
            IsUnverified = isUnverified,
            OpenedAt = now.AddDays(-45),
            StateSince = now.AddDays(-10),
            Until = state == CaseState.Overridden ? now.AddDays(30) : null,
            DecidedPhase = decided,
            DecidedWanted = PolicyAction.Review,
            Wanted = PolicyAction.Review,
            Phase = decided,
            Version = 1,
        });
        await db.SaveChangesAsync();
        return address.Id;
    }

    public static async Task AddDecisionAsync(this PolicyWorld world, long caseId, CaseState to, int days, Phase phase, ReasonCode? reason = null)
    {
        await using var db = await world.OpenAsync();
        var at = world.Scans.Clock.Now.AddDays(days);
        db.Decisions.Add(new Decision
        {
            Id = Guid.CreateVersion7(at),
            CaseId = caseId,
            At = at,
            ActorKind = AuditActorKind.Staff,
            ActorId = "somebody",
            To = to,
            Phase = phase,
            Reason = reason,
            Until = to == CaseState.Overridden ? at.AddDays(90) : null,
        });
        await db.SaveChangesAsync();
    }

    public static async Task AddAnswerAsync(this PolicyWorld world, string domain, string words, MailRoute route)
    {
        await using var db = await world.OpenAsync();
        var (id, at) = ((await db.Domains.SingleAsync(d => d.Name == domain)).Id, world.Scans.Clock.Now);
        Observation[] answers =
        [
            new(SourceKind.Fastly, "api.fastly.com", Outcome.Answered, at, TimeSpan.FromMilliseconds(3)) { Research = new ResearchFacts(words.Split(' ')) },
            new(SourceKind.Dns, "dns", Outcome.Answered, at, TimeSpan.FromMilliseconds(3)) { Dns = new DnsFacts { MailHosts = [new MailHostFacts(domain, route, [])] } },
        ];
        foreach (var answer in answers)
        {
            var row = ObservationCodec.Encode(id, answer);
            row.Id = await world.Get<IdAllocator>().NextAsync(IdAllocator.Observation, CancellationToken.None);
            db.Observations.Add(row);
        }

        await db.SaveChangesAsync();
    }
}
