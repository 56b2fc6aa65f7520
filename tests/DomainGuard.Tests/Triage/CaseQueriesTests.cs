using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Paging;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Domains;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Triage;

/// <summary>The queue as it is read: groups, order, views, filters, pages.</summary>
public sealed class CaseQueriesTests
{
    public static TheoryData<DatabaseProvider> Providers => TriageWorld.Providers;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_domain_stands_once_at_the_place_of_its_worst_case(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(6, (c, _) => (c.Points, c.Severity) = c.Id switch { 2 => (90, Severity.Critical), 5 => (90, Severity.Critical), 6 => (10, Severity.Low), var id => ((int)(40 + id), Severity.Medium) });
        // Domain 1 has the cases 1, 2 and 6: points 41, 90 and 10.
        await MoveAsync(world, [2, 6], 1);

        var page = await ListAsync(world, new CaseFilter());
        Assert.Equal([(5L, 5L, 1), (1L, 2L, 3), (4L, 4L, 1), (3L, 3L, 1)], page.Items.Select(g => (g.Domain.Id, g.Head.Id, g.Count)));
        Assert.Equal([2L, 1L, 6L], (await world.Get<CaseQueries>().OfDomainAsync(new CaseFilter(), world.Ann.Id, 1, Cancel)).Select(r => r.Id));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_filter_picks_the_head_among_what_it_leaves(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(3, (c, _) => (c.Points, c.Confidence) = c.Id == 1 ? (90, Confidence.Corroborated) : (30, Confidence.Single));
        await MoveAsync(world, [2, 3], 1);

        var group = Assert.Single((await ListAsync(world, new CaseFilter { Confidence = Confidence.Single })).Items);
        Assert.Equal((3L, 2), (group.Head.Id, group.Count));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_domain_says_whether_one_decision_fits_all_its_cases(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(10, (c, _) =>
        {
            switch (c.Id)
            {
                case 4: (c.State, c.IsUnverified) = (CaseState.Unverified, true); break;
                case 6: c.Situation = Situation.OnHold; break;
                case 8: c.HandChange = HandChange.Suspected; break;
            }
        });
        await MoveAsync(world, [1, 2], 1);
        await MoveAsync(world, [3, 4], 3);
        await MoveAsync(world, [5, 6], 5);
        await MoveAsync(world, [7, 8], 7);
        await MoveAsync(world, [9, 10], 9);

        var page = await ListAsync(world, new CaseFilter { View = TriageView.Open });
        Assert.Equal([1L, 9L], page.Items.Where(g => g.IsAlike).Select(g => g.Domain.Id).Order());
        Assert.Equal(5, page.Items.Count);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Pages_by_key_meet_every_domain_once_forwards_and_backwards(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        // Many with equal points, and every third case in the domain of the one before it.
        await world.CasesAsync(60, (c, _) => c.Points = (int)(c.Id % 5));
        for (var id = 3L; id <= 60; id += 3)
        {
            await MoveAsync(world, [id], id - 1);
        }

        var forwards = new List<long>();
        var position = new ListPosition();
        while (true)
        {
            var page = await ListAsync(world, new CaseFilter(), position, 7);
            forwards.AddRange(page.Items.Select(g => g.Domain.Id));
            if (page.Next is null)
            {
                break;
            }

            position = new ListPosition(After: page.Next);
        }

        Assert.Equal(40, forwards.Count);
        Assert.Equal(40, forwards.Distinct().Count());
        var backwards = new List<long>();
        position = new ListPosition(Before: ListPosition.End);
        while (true)
        {
            var page = await ListAsync(world, new CaseFilter(), position, 7);
            backwards.InsertRange(0, page.Items.Select(g => g.Domain.Id));
            if (page.Previous is null)
            {
                break;
            }

            position = new ListPosition(Before: page.Previous);
        }

        Assert.Equal(forwards, backwards);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Views_hold_what_their_names_say_and_their_counts_agree_with_their_lists(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(14, (c, _) =>
        {
            switch (c.Id)
            {
                case 1: c.AssigneeId = world.Ann.Id; break;
                case 2: (c.State, c.IsUnverified) = (CaseState.Unverified, true); break;
                case 3: (c.State, c.IsUnverified) = (CaseState.Confirmed, true); break;
                case 4: (c.State, c.Until) = (CaseState.Snoozed, world.Clock.Now.AddDays(3)); break;
                case 5: (c.State, c.Until) = (CaseState.Overridden, world.Clock.Now.AddDays(90)); break;
                case 6: c.State = CaseState.Dismissed; break;
                case 7: (c.State, c.IsUnverified) = (CaseState.Recovered, true); break;
                case 8: c.State = CaseState.Recovered; break;
                case 9: c.State = CaseState.Restored; break;
                case 10: c.Severity = Severity.Critical; break;
                case 11: c.IsContested = true; break;
                case 12: c.Confidence = Confidence.Single; break;
                case 13: c.DropFrom = world.Clock.Now.AddDays(6); break;
                case 14: c.BatchId = 31; break;
            }
        });

        var expected = new Dictionary<TriageView, long[]>
        {
            [TriageView.Queue] = [1, 2, 7, 10, 11, 12, 13, 14],
            [TriageView.Mine] = [1],
            [TriageView.Unassigned] = [2, 7, 10, 11, 12, 13, 14],
            [TriageView.Drop7] = [13],
            [TriageView.Review] = [1, 10, 11, 12, 13, 14],
            [TriageView.Critical] = [10],
            [TriageView.Unconfirmed] = [2],
            [TriageView.Contested] = [11],
            [TriageView.Braked] = [14],
            [TriageView.OneSource] = [12],
            [TriageView.Snoozed] = [4],
            [TriageView.Overridden] = [5],
            [TriageView.Recovered] = [7],
            [TriageView.Open] = [1, 2, 4, 5, 7, 10, 11, 12, 13, 14],
            [TriageView.Closed] = [3, 6, 8, 9],
        };
        var queries = world.Get<CaseQueries>();
        var counts = await queries.CountsAsync(Cancel);
        foreach (var view in Enum.GetValues<TriageView>())
        {
            var listed = (await ListAsync(world, new CaseFilter { View = view })).Items.Select(g => g.Head.Id).Order();
            Assert.True(expected[view].SequenceEqual(listed), $"{view}: {string.Join(' ', listed)}");
            Assert.Equal((expected[view].Length, expected[view].Length), await queries.CountAsync(new CaseFilter { View = view }, world.Ann.Id, Cancel));
            if (view is not (TriageView.Mine or TriageView.Closed))
            {
                Assert.True(expected[view].Length == counts.Counts[view], view.ToString());
            }
        }

        Assert.Equal(1, await queries.MineAsync(world.Ann.Id, Cancel));
        Assert.Equal(10, counts.Total);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Every_filter_narrows_to_what_it_says(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(8, (c, a) =>
        {
            switch (c.Id)
            {
                case 1: c.Severity = Severity.High; break;
                case 2: c.DropFrom = world.Clock.Now.AddHours(12); break;
                case 3: c.Phase = Phase.Released; break;
                case 4: c.HandChange = HandChange.Suspected; break;
                case 5: c.AssigneeId = world.Jonas.Id; break;
                case 6: (a.Domain!.Tld, a.Domain.Name) = ("nl", "six.nl"); break;
                case 7: a.Domain!.Flags = DomainFlags.ForSale; break;
                case 8: (a.SearchEmail, a.Account!.SortName) = ("eve@d8.test", "eve"); break;
            }
        });
        await using (var db = await world.Dbs.CreateDbContextAsync(Cancel))
        {
            db.Observations.Add(new Data.Domains.StoredObservation { Id = 1, DomainId = 3, Source = SourceKind.Rdap, Host = "h", Outcome = Outcome.Answered, FactsHash = new byte[32], FirstAt = world.Clock.Now, LastAt = world.Clock.Now, Times = 1 });
            db.Observations.Add(new Data.Domains.StoredObservation { Id = 2, DomainId = 4, Source = SourceKind.Rdap, Host = "h", Outcome = Outcome.Failure, FactsHash = new byte[32], FirstAt = world.Clock.Now, LastAt = world.Clock.Now, Times = 1 });
            await db.SaveChangesAsync(Cancel);
        }

        (CaseFilter Filter, long[] Cases)[] table =
        [
            (new CaseFilter { Severities = [Severity.High] }, [1]),
            (new CaseFilter { DropDays = 1 }, [2]),
            (new CaseFilter { Phase = Phase.Released }, [3]),
            (new CaseFilter { Source = SourceKind.Rdap }, [3]),
            (new CaseFilter { Hands = HandChange.Suspected }, [4]),
            (new CaseFilter { Assignee = new AssigneeFilter(world.Jonas.Id) }, [5]),
            (new CaseFilter { Assignee = new AssigneeFilter(null) }, [1, 2, 3, 4, 6, 7, 8]),
            (new CaseFilter { Tld = "nl" }, [6]),
            (new CaseFilter { Domain = "six.nl" }, [6]),
            (new CaseFilter { Flag = DomainFlags.ForSale }, [7]),
            (new CaseFilter { Search = "EVE@d" }, [8]),
            (new CaseFilter { Search = "ev" }, [8]),
            (new CaseFilter { Search = "six." }, [6]),
            (new CaseFilter { Search = "#7" }, [7]),
            (new CaseFilter { Search = "x' OR 1=1 --" }, []),
            (new CaseFilter { States = [CaseState.NeedsReview, CaseState.Dismissed] }, [1, 2, 3, 4, 5, 6, 7, 8]),
            (new CaseFilter { States = [CaseState.Dismissed] }, []),
        ];
        foreach (var (filter, cases) in table)
        {
            Assert.Equal(cases, (await ListAsync(world, filter)).Items.Select(g => g.Head.Id).Order());
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Found_and_sorted_or_walked_the_queue_is_the_same_and_right(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var random = new Random(11);
        var states = Enum.GetValues<CaseState>();
        var written = (await world.CasesAsync(120, (c, a) =>
        {
            c.State = random.Next(3) == 0 ? states[random.Next(states.Length)] : CaseState.NeedsReview;
            (c.IsUnverified, c.Points) = (CaseTransitions.AddressAfter(c.State) ?? random.Next(2) == 0, random.Next(8) * 10);
            c.Severity = SeverityScale.Of(c.Points);
            c.AssigneeId = random.Next(4) switch { 0 => world.Ann.Id, 1 => world.Jonas.Id, _ => null };
            c.BatchId = random.Next(6) == 0 ? 31 : null;
            (c.IsContested, c.Confidence, c.Phase) = (random.Next(8) == 0, random.Next(4) == 0 ? Confidence.Single : Confidence.Corroborated, random.Next(3) == 0 ? Phase.Released : Phase.Redemption);
            c.DropFrom = random.Next(3) == 0 ? null : world.Clock.Now.AddDays(random.Next(20));
            (a.SearchEmail, a.Account!.SortName) = ($"{"ab"[random.Next(2)]}{c.Id}@d{c.Id}.test", $"{"xyd"[random.Next(3)]}{c.Id}");
            (a.Domain!.Tld, a.Domain.Name, a.Domain.Flags) = c.Id % 3 == 0 ? ("nl", $"d{c.Id}.nl", DomainFlags.ForSale) : (a.Domain.Tld, a.Domain.Name, 0);
        })).ToDictionary(c => c.Id);
        foreach (var group in written.Keys.Where(id => id % 4 != 0).GroupBy(id => id - (id % 4)).Where(g => g.Key > 0))
        {
            await MoveAsync(world, [.. group], group.Key);
        }

        await using var db = await world.Dbs.CreateDbContextAsync(Cancel);
        db.Batches.Add(new Batch { Id = 31, Guard = Guard.Brake, PolicyVersion = 3, CreatedAt = world.Clock.Now, Count = 3, Limit = 2, State = BatchState.Waiting, Version = 1 });
        db.BatchItems.AddRange(written.Values.Where(c => c.BatchId == 31).Select(c => new BatchItem { BatchId = 31, CaseId = c.Id }));
        await db.SaveChangesAsync(Cancel);
        var all = await db.Cases.AsNoTracking().Include(c => c.Domain).Include(c => c.Account).Include(c => c.Address).ToListAsync(Cancel);
        var queries = world.Get<CaseQueries>();
        foreach (var filter in Narrowed(world))
        {
            var matching = all.Where(c => Matches(c, filter, world.Ann.Id, world.Clock.Now)).OrderByDescending(c => c.Points).ThenByDescending(c => c.Id).ToList();
            var heads = matching.DistinctBy(c => c.DomainId).Select(c => (c.Id, Count: matching.Count(o => o.DomainId == c.DomainId))).ToList();
            var few = await CaseMatching.AmongAsync(db, filter, world.Ann.Id, Cancel);
            Assert.Equal(filter.Narrowing.Any(n => n is not ("severity" or "phase" or "confidence" or "drop")) || filter.Batch is not null
                || filter.View is TriageView.Mine or TriageView.Unassigned or TriageView.Review or TriageView.Unconfirmed or TriageView.Snoozed or TriageView.Overridden or TriageView.Recovered, few is not null);
            foreach (var among in (long[]?[])[few, null, [.. all.Select(c => c.Id)]])
            {
                foreach (var backwards in (bool[])[false, true])
                {
                    Assert.Equal(heads, (await AllAsync(p => queries.ListAsync(db, filter, world.Ann.Id, true, p, 7, among, Cancel), backwards)).ConvertAll(g => (g.Head.Id, g.Count)));
                    Assert.Equal(matching.ConvertAll(c => c.Id), (await AllAsync(p => queries.ListAsync(db, filter, world.Ann.Id, false, p, 7, among, Cancel), backwards)).ConvertAll(g => g.Head.Id));
                }
            }

            Assert.Equal((matching.Count, heads.Count), await queries.CountAsync(filter, world.Ann.Id, Cancel));
            Assert.Equal(matching.Count, (await queries.SetAsync(filter, world.Ann.Id, Cancel)).Count);
        }
    }

    /// <summary>The walk is only as short as its index: neither a bare column of truth nor a tempting column beside it may send SQLite elsewhere.</summary>
    [Fact]
    public async Task The_queue_is_walked_in_its_order_and_a_domain_asked_by_itself()
    {
        await using var world = await TriageWorld.CreateAsync();
        await using var db = await world.Dbs.CreateDbContextAsync(Cancel);
        foreach (var filter in Narrowed(world).Where(f => f.Batch is null && f.States.Count == 0 && f.Search is not ['#', ..]))
        {
            var heads = CaseMatching.Heads(CaseMatching.Matching(db, filter, world.Ann.Id, world.Clock.Now));
            var plan = await PlanAsync(db, heads.OrderByDescending(c => c.Points).ThenByDescending(c => c.Id).Take(51));
            Assert.Contains("SEARCH c USING INDEX IX_Case_IsOpen_Points_Id (IsOpen=?)", plan, StringComparison.Ordinal);
            Assert.Contains("IX_Case_Domain (DomainId=? AND IsOpen=?)", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("B-TREE FOR ORDER BY", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("SCAN", plan, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Unknown_parameters_are_ignored_and_named()
    {
        List<string> unknown = [];
        var staff = new Dictionary<Guid, string> { [Guid.CreateVersion7()] = "Jonas T." };
        var values = new Dictionary<string, string> { ["view"] = "nonsense", ["state"] = "NeedsReview,7,What", ["drop"] = "2d", ["assignee"] = "nobody here", ["severity"] = "critical,high", ["case"] = "x" };
        var filter = CaseFilter.Read(values.GetValueOrDefault, Guid.CreateVersion7(), staff, unknown);
        Assert.Equal(TriageView.Queue, filter.View);
        Assert.Equal([CaseState.NeedsReview], filter.States);
        Assert.Equal([Severity.High, Severity.Critical], filter.Severities);
        Assert.Equal(["view=nonsense", "state=7", "state=What", "drop=2d", "assignee=nobody here"], unknown);
        Assert.NotNull(CaseFilter.Read(n => n == "assignee" ? "jonas t." : null, Guid.Empty, staff, unknown).Assignee?.Id);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_panel_reads_a_case_with_its_decisions_comments_and_what_is_left_of_the_undo(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var read = await world.CaseAsync();
        Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, read, CaseEvent.Unverify, comment: "Registrar confirms <b>nothing</b>."));
        await world.Get<CommentOnCase>().ExecuteAsync(world.Jonas, read.Id, "I saw it too.", Cancel);
        var details = new CaseDetails(world.Dbs, world.Get<CaseQueries>(), new DomainDetails(world.Dbs), world.Clock, world.Time);

        var view = (await details.FindAsync(read.Id, Cancel))!;
        Assert.Equal(CaseState.Unverified, view.Row.State);
        Assert.Equal("a@d1.test", view.Address?.Email);
        var decision = Assert.Single(view.Activity, l => l.Reason is not null);
        Assert.Equal(("Ann A.", "un-verified it", "Registrar confirms <b>nothing</b>.", (Guid?)world.Ann.Id), (decision.Who, decision.Text, decision.Comment, decision.UndoableBy));
        Assert.Equal("I saw it too.", Assert.Single(view.Activity, l => l.Who == "Jonas T.").Comment);

        world.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.All((await details.FindAsync(read.Id, Cancel))!.Activity, l => Assert.Null(l.UndoableBy));
        Assert.Null(await details.FindAsync(4_711, Cancel));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_batch_is_listed_by_domain_whatever_became_of_its_cases(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(4, (c, _) => (c.State, c.IsUnverified) = c.Id == 3 ? (CaseState.Confirmed, true) : (CaseState.NeedsReview, false));
        await MoveAsync(world, [2], 1);
        await using (var db = await world.Dbs.CreateDbContextAsync(Cancel))
        {
            db.Batches.Add(new Batch { Id = 31, Guard = Guard.Brake, ScanId = 411, PolicyVersion = 3, CreatedAt = world.Clock.Now, Count = 3, Limit = 2, State = BatchState.Waiting, Version = 1 });
            db.BatchItems.AddRange(new[] { 1L, 2, 3 }.Select(id => new BatchItem { BatchId = 31, CaseId = id, State = id == 3 ? BatchItemState.NoLonger : BatchItemState.Waiting }));
            await db.SaveChangesAsync(Cancel);
        }

        var groups = (await ListAsync(world, new CaseFilter { Batch = 31 })).Items;
        Assert.Equal([(1L, 2), (3L, 1)], groups.Select(g => (g.Domain.Id, g.Count)).Order());
        var batches = new BatchQueries(world.Dbs, world.Get<CaseQueries>());
        var view = Assert.Single(await batches.WaitingAsync(Cancel));
        Assert.Equal((2, 2, "Scan #411 would un-verify 3 addresses, the brake is 2 in 24 hours."), (view.Waiting, view.Domains, view.Sentence));
        Assert.Equal([1L, 2], await batches.WaitingOfAsync(31, 1, Cancel));
        Assert.Null(await batches.FindAsync(32, Cancel));
    }

    private static IEnumerable<CaseFilter> Narrowed(TriageWorld world)
    {
        foreach (var view in Enum.GetValues<TriageView>())
        {
            yield return new CaseFilter { View = view };
        }

        yield return new CaseFilter { View = TriageView.Mine, States = [CaseState.Dismissed, CaseState.Confirmed] };
        yield return new CaseFilter { View = TriageView.Critical, States = [CaseState.NeedsReview, CaseState.Restored] };
        yield return new CaseFilter { View = TriageView.Unassigned, Assignee = new AssigneeFilter(world.Jonas.Id) };
        yield return new CaseFilter { View = TriageView.Mine, Search = "d", Tld = "nl" };
        yield return new CaseFilter { View = TriageView.Closed, Search = "x" };
        yield return new CaseFilter { Assignee = new AssigneeFilter(world.Jonas.Id), Phase = Phase.Released };
        yield return new CaseFilter { Assignee = new AssigneeFilter(null), Severities = [Severity.High, Severity.Low] };
        yield return new CaseFilter { Tld = "nl" };
        yield return new CaseFilter { Flag = DomainFlags.ForSale, Confidence = Confidence.Single };
        yield return new CaseFilter { Domain = "d8.test" };
        yield return new CaseFilter { Search = "d1" };
        yield return new CaseFilter { Search = "X1", DropDays = 7 };
        yield return new CaseFilter { Search = "b5@" };
        yield return new CaseFilter { Search = "a1", Phase = Phase.Redemption };
        yield return new CaseFilter { Search = "#17" };
        yield return new CaseFilter { Batch = 31 };
        yield return new CaseFilter { Batch = 31, View = TriageView.Mine, Phase = Phase.Released };
    }

    private static bool Matches(Case c, CaseFilter f, Guid me, DateTimeOffset now)
    {
        var waits = c.IsOpen && c.State is not (CaseState.Snoozed or CaseState.Overridden);
        var named = f.States.Count > 0;
        return (f.Batch is not null ? c.BatchId == f.Batch : f.View switch
        {
            TriageView.Mine => (named || waits) && c.AssigneeId == me,
            TriageView.Unassigned => (named || waits) && c.AssigneeId is null,
            TriageView.Drop7 => (named || waits) && c.DropFrom <= now.AddDays(7),
            TriageView.Critical => (named || waits) && c.Severity == Severity.Critical,
            TriageView.Contested => (named || waits) && c.IsContested,
            TriageView.Braked => (named || waits) && c.BatchId is not null,
            TriageView.OneSource => (named || waits) && c.Confidence == Confidence.Single,
            TriageView.Review => c.IsOpen && c.State == CaseState.NeedsReview,
            TriageView.Unconfirmed => c.IsOpen && c.State == CaseState.Unverified,
            TriageView.Snoozed => c.IsOpen && c.State == CaseState.Snoozed,
            TriageView.Overridden => c.IsOpen && c.State == CaseState.Overridden,
            TriageView.Recovered => c.IsOpen && c.State == CaseState.Recovered,
            TriageView.Open => c.IsOpen,
            TriageView.Closed => !c.IsOpen,
            _ => waits,
        })
            && (!named || f.States.Contains(c.State))
            && (f.Severities.Count == 0 || f.Severities.Contains(c.Severity))
            && (f.DropDays is not { } days || c.DropFrom <= now.AddDays(days))
            && (f.Phase is null || c.Phase == f.Phase)
            && (f.Confidence is null || c.Confidence == f.Confidence)
            && (f.Assignee is null || c.AssigneeId == f.Assignee.Id)
            && (f.Tld is null || c.Domain!.Tld == f.Tld)
            && (f.Flag is not { } flag || (c.Domain!.Flags & flag) != 0)
            && (f.Domain is null || c.Domain!.Name == f.Domain)
            && (f.Search?.ToLowerInvariant() is not { } q
                || (q[0] == '#' ? c.Id.ToString(System.Globalization.CultureInfo.InvariantCulture) == q[1..]
                : q.Contains('@', StringComparison.Ordinal) ? c.Address?.SearchEmail.StartsWith(q, StringComparison.Ordinal) == true
                : c.Domain!.Name.StartsWith(q, StringComparison.Ordinal) || c.Account?.SortName.StartsWith(q, StringComparison.Ordinal) == true));
    }

    private static async Task<List<CaseGroup>> AllAsync(Func<ListPosition, Task<KeysetPage<CaseGroup>>> read, bool backwards)
    {
        List<CaseGroup> groups = [];
        for (var position = backwards ? new ListPosition(Before: ListPosition.End) : new ListPosition(); ;)
        {
            var page = await read(position);
            groups.InsertRange(backwards ? 0 : groups.Count, page.Items);
            if ((backwards ? page.Previous : page.Next) is not { } cursor)
            {
                return groups;
            }

            position = backwards ? new ListPosition(Before: cursor) : new ListPosition(After: cursor);
        }
    }

    private static async Task<string> PlanAsync(GuardDb db, IQueryable<Case> query)
    {
        await using var command = query.CreateDbCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + command.CommandText;
        await db.Database.OpenConnectionAsync(Cancel);
        await using var reader = await command.ExecuteReaderAsync(Cancel);
        List<string> steps = [];
        while (await reader.ReadAsync(Cancel))
        {
            steps.Add(reader.GetString(3));
        }

        return string.Join('\n', steps);
    }

    private static Task<KeysetPage<CaseGroup>> ListAsync(TriageWorld world, CaseFilter filter, ListPosition? position = null, int size = 50) =>
        world.Get<CaseQueries>().ListAsync(filter, world.Ann.Id, true, position ?? new ListPosition(), size, Cancel);

    private static async Task MoveAsync(TriageWorld world, long[] cases, long domain)
    {
        await using var db = await world.Dbs.CreateDbContextAsync(Cancel);
        await db.Addresses.Where(a => cases.Contains(a.Id)).ExecuteUpdateAsync(s => s.SetProperty(a => a.DomainId, domain), Cancel);
        await db.Cases.Where(c => cases.Contains(c.Id)).ExecuteUpdateAsync(s => s.SetProperty(c => c.DomainId, domain), Cancel);
    }
}
