using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Staff;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace DomainGuard.Tests.Triage;

/// <summary>Views of the queue that a member of staff keeps for himself.</summary>
public sealed class ChangeOwnViewsTests
{
    private static readonly Dictionary<string, string> Mine = new() { ["view"] = "mine", ["severity"] = "High,Critical", ["q"] = "a&b=c #1 \u00e9" };

    public static TheoryData<DatabaseProvider> Providers => TriageWorld.Providers;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_view_is_kept_found_again_replaced_by_its_name_renamed_and_removed(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var change = world.Get<ChangeOwnViews>();
        var first = Done(await change.SaveAsync(world.Ann, "  Gr\u00fcne  ", Mine, Cancel));
        var view = Assert.Single(await ViewsAsync(world));
        Assert.Equal((first, "Gr\u00fcne", $"own-{first}"), (view.Id, view.Name, view.Key));
        Assert.Equal(Mine, view.Kept);

        // The same name, in another case and decomposed: replaced, and its links go on.
        Assert.Equal(first, Done(await change.SaveAsync(world.Ann, "GRU\u0308NE", new Dictionary<string, string> { ["group"] = "none" }, Cancel)));
        Assert.Equal(("GR\u00dcNE", "group=none"), (await ViewsAsync(world)).Select(v => (v.Name, OwnView.Write(v.Kept))).Single());

        var second = Done(await change.SaveAsync(world.Ann, "Another", Mine, Cancel));
        Assert.IsType<OwnViewOutcome.Refused>(await change.RenameAsync(world.Ann, second, "gr\u00fcne", Cancel));
        Assert.Equal(second, Done(await change.RenameAsync(world.Ann, second, "ANOTHER", Cancel)));
        Assert.Equal(["ANOTHER", "GR\u00dcNE"], (await ViewsAsync(world)).Select(v => v.Name));

        Assert.Equal(first, Done(await change.RemoveAsync(world.Ann, first, Cancel)));
        Assert.Equal(first, Done(await change.RemoveAsync(world.Ann, first, Cancel)));
        Assert.IsType<OwnViewOutcome.Refused>(await change.RenameAsync(world.Ann, first, "Back", Cancel));

        // A key is not given out again: an old link opens nothing else.
        Assert.NotEqual(first, Done(await change.SaveAsync(world.Ann, "Third", Mine, Cancel)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Nobody_sees_changes_or_removes_the_view_of_another_and_it_goes_with_its_owner(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var change = world.Get<ChangeOwnViews>();
        var hers = Done(await change.SaveAsync(world.Ann, "Morning", Mine, Cancel));
        Assert.NotEqual(hers, Done(await change.SaveAsync(world.Jonas, "Morning", Mine, Cancel)));
        Assert.IsType<OwnViewOutcome.Refused>(await change.RenameAsync(world.Jonas, hers, "His", Cancel));
        await change.RemoveAsync(world.Jonas, hers, Cancel);
        Assert.Equal((hers, "Morning"), (await ViewsAsync(world)).Select(v => (v.Id, v.Name)).Single());

        Assert.IsType<StaffOutcome.Done>(await new RemoveStaff(new StaffChanges(world.Dbs, world.Clock, NullLogger<StaffChanges>.Instance)).ExecuteAsync(world.Root, world.Ann.Id, null, Cancel));
        Assert.Empty(await ViewsAsync(world));
        Assert.IsType<OwnViewOutcome.Refused>(await change.SaveAsync(world.Ann, "Too late", Mine, Cancel));
        await using var db = await world.Dbs.CreateDbContextAsync(Cancel);
        Assert.Equal(world.Jonas.Id, await db.SavedViews.Select(v => v.UserId).SingleAsync(Cancel));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_same_name_from_two_windows_at_once_is_one_view(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var change = world.Get<ChangeOwnViews>();
        var ids = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => change.SaveAsync(world.Ann, i % 2 == 0 ? "Twice" : "twice", Mine, Cancel), Cancel)));
        Assert.Single(ids.Select(Done).Distinct());
        Assert.Single(await ViewsAsync(world));
    }

    [Fact]
    public async Task There_is_a_limit_to_how_many_how_long_and_what()
    {
        await using var world = await TriageWorld.CreateAsync();
        var change = world.Get<ChangeOwnViews>();
        foreach (var name in (string?[])[null, "", "   ", new string('x', ChangeOwnViews.MostName + 1), "a\0b", "a\nb", "half \ud800"])
        {
            Assert.IsType<OwnViewOutcome.Refused>(await change.SaveAsync(world.Ann, name, Mine, Cancel));
        }

        Assert.IsType<OwnViewOutcome.Refused>(await change.SaveAsync(world.Ann, "Long", new Dictionary<string, string> { ["q"] = new('%', ChangeOwnViews.MostQuery / 3) }, Cancel));
        Assert.IsType<OwnViewOutcome.Refused>(await change.SaveAsync(world.Ann, "Foreign", new Dictionary<string, string> { ["case"] = "7" }, Cancel));
        Assert.Empty(await ViewsAsync(world));

        for (var i = 0; i < ChangeOwnViews.Most; i++)
        {
            Done(await change.SaveAsync(world.Ann, $"<b>{i}</b> \u202e =1+1", Mine, Cancel));
        }

        Assert.Contains("20 views", Assert.IsType<OwnViewOutcome.Refused>(await change.SaveAsync(world.Ann, "One more", Mine, Cancel)).Problem, StringComparison.Ordinal);
        Done(await change.SaveAsync(world.Ann, "<B>3</B> \u202e =1+1", Mine, Cancel));
        Assert.Equal(ChangeOwnViews.Most, (await ViewsAsync(world)).Count);
    }

    [Fact]
    public void A_filter_is_written_as_it_is_read()
    {
        var (me, jonas) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var staff = new Dictionary<Guid, string> { [me] = "Ann A.", [jonas] = "Jonas T." };
        foreach (var assignee in (AssigneeFilter?[])[null, new(me), new(jonas), new(null)])
        {
            var filter = new CaseFilter
            {
                View = TriageView.Closed,
                States = [CaseState.Confirmed, CaseState.Dismissed],
                Severities = [Severity.High, Severity.Critical],
                DropDays = 7,
                Phase = Phase.Redemption,
                Hands = HandChange.Suspected,
                Confidence = Confidence.Single,
                Assignee = assignee,
                Source = SourceKind.Dns,
                Tld = "xn--p1ai",
                Flag = DomainFlags.ForSale,
                Domain = "example.com",
                Search = "x y",
            };
            var values = filter.Parameters(me, staff);
            Assert.Subset(CaseFilter.Names.ToHashSet(), values.Keys.ToHashSet());
            List<string> unknown = [];
            var again = CaseFilter.Read(values.GetValueOrDefault, me, staff, unknown);
            Assert.Empty(unknown);
            Assert.Equal(values, again.Parameters(me, staff));
            Assert.Equal(filter with { States = [], Severities = [] }, again with { States = [], Severities = [] });
            Assert.Equal(filter.States, again.States);
            Assert.Equal(filter.Severities, again.Severities);
        }

        Assert.Empty(new CaseFilter().Parameters(me, staff));
    }

    private static long Done(OwnViewOutcome outcome) => Assert.IsType<OwnViewOutcome.Done>(outcome).Id;

    private static Task<IReadOnlyList<OwnView>> ViewsAsync(TriageWorld world) => world.Get<CaseQueries>().OwnViewsAsync(world.Ann.Id, Cancel);
}
