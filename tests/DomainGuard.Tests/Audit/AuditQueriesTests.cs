using DomainGuard.Core.Audit;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Paging;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Staff;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using Microsoft.AspNetCore.Identity;

namespace DomainGuard.Tests.Audit;

public sealed class AuditQueriesTests
{
    public static TheoryData<DatabaseProvider> Providers => AuditWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Narrows_by_everything_that_is_asked_and_counts_the_same(DatabaseProvider provider)
    {
        await using var world = await FilledAsync(provider);
        var start = world.Clock.Now;
        (AuditFilter Filter, int Count)[] table =
        [
            (new(), 60),
            (new() { From = start.AddMinutes(10) }, 50),
            (new() { To = start.AddMinutes(10) }, 10),
            (new() { Kind = AuditActorKind.Policy }, 20),
            (new() { Kind = AuditActorKind.Policy, ActorId = "8" }, 20),
            (new() { Kind = AuditActorKind.Staff, ActorId = People.Analyst.Id.ToString("D") }, 20),
            (new() { Role = Roles.Analyst }, 20),
            (new() { Role = Roles.Auditor }, 0),
            (new() { Action = AuditAction.CaseConfirmed }, 30),
            (new() { Domain = "harbor-tools.dev" }, 60),
            (new() { Account = "u-1" }, 30),
            (new() { Account = "nobody" }, 0),
            (new() { Case = 3 }, 6),
            (new() { Reason = "Duplicate" }, 15),
            (new() { Case = 3, Kind = AuditActorKind.System, From = start, To = start.AddHours(1) }, 2),
        ];
        foreach (var (filter, count) in table)
        {
            Assert.Equal(count, await world.Get<AuditQueries>().CountAsync(filter, CancellationToken.None));
            Assert.Equal(count, (int)(await world.Get<AuditQueries>().SpanAsync(filter, CancellationToken.None)).Count);
            var page = await world.Get<AuditQueries>().ListAsync(filter, new ListPosition(), 100, CancellationToken.None);
            Assert.Equal(count, page.Rows.Items.Count);
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Pages_meet_and_the_unsealed_stand_on_the_first_one(DatabaseProvider provider)
    {
        await using var world = await FilledAsync(provider);
        await world.WriteAsync(2);
        List<long> seen = [];
        var position = new ListPosition();
        for (var n = 0; ; n++)
        {
            var page = await world.Get<AuditQueries>().ListAsync(new AuditFilter(), position, 25, CancellationToken.None);
            Assert.Equal(n == 0 ? 2 : 0, page.Unsealed.Count);
            seen.AddRange(page.Rows.Items.Select(r => r.Sequence!.Value));
            if (page.Rows.Next is null)
            {
                break;
            }

            position = new ListPosition(After: page.Rows.Next);
        }

        Assert.Equal(Enumerable.Range(1, 60).Reverse().Select(i => (long)i), seen);
    }

    [Fact]
    public async Task One_entry_is_checked_where_it_stands_and_names_are_joined()
    {
        await using var world = await FilledAsync(DatabaseProvider.Sqlite);
        var queries = world.Get<AuditQueries>();
        var details = (await queries.GetAsync("7", CancellationToken.None))!;
        Assert.Equal((true, true), (details.IsContentGood, details.IsLinkGood));
        Assert.Equal(5, details.Same.Count);
        Assert.Equal("<b>Anton</b> \u202Eanalyst", details.Names.Staff[People.Analyst.Id.ToString("D")]);
        Assert.Equal(details.Entry.Id, (await queries.GetAsync(details.Entry.Id.ToString("D"), CancellationToken.None))!.Entry.Id);
        Assert.Null(await queries.GetAsync("no number", CancellationToken.None));
        Assert.Null(await queries.GetAsync("61", CancellationToken.None));

        await world.SqlAsync("""UPDATE "AuditEntry" SET "Reason" = 'Other' WHERE "Sequence" = 7""");
        Assert.False((await queries.GetAsync("7", CancellationToken.None))!.IsContentGood);
        await world.SqlAsync("""UPDATE "AuditEntry" SET "Hash" = "ContentHash" WHERE "Sequence" = 8""");
        Assert.False((await queries.GetAsync("8", CancellationToken.None))!.IsLinkGood);
    }

    [Fact]
    public void Words_read_as_sentences_whatever_stands_in_the_entry()
    {
        var names = new AuditNames(new Dictionary<string, string>(), new Dictionary<long, AccountName>());
        Assert.All(Enum.GetValues<AuditAction>(), a => Assert.Matches("^[A-Z][a-z-]+( [a-z-]+)*$", AuditWords.Of(a)));
        Assert.Equal("former staff 01990000", AuditWords.Actor(AuditActorKind.Staff, People.Analyst.Id.ToString("D"), names));
        Assert.Equal("Policy v8", AuditWords.Actor(AuditActorKind.Policy, "8", names));
        Assert.Equal(
            [new ChangedField("a.b", null, "1"), new ChangedField("state", "Unverified", "Confirmed")],
            AuditWords.Fields("""{"state":"Unverified"}""", """{"a":{"b":1},"state":"Confirmed"}"""));
        Assert.Equal("?", AuditWords.Fields("no json", null).Single().Name);
        Assert.Equal(72, AuditWords.Detail(null, CanonicalJson.Of([new("a", new string('x', 500))])).Length);
        var cut = AuditWords.Detail(null, CanonicalJson.Of([new("a", new string('x', 68) + "😀😀😀")]));
        Assert.DoesNotContain(cut, c => char.IsSurrogate(c) && !char.IsSurrogatePair(cut, cut.IndexOf(c, StringComparison.Ordinal)));
    }

    private static async Task<AuditWorld> FilledAsync(DatabaseProvider provider)
    {
        var world = await AuditWorld.CreateAsync(provider);
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            var now = world.Clock.Now;
            db.Add(new Account { Id = 1, ExternalId = "u-1", SortName = "u-1", AddedAt = now, ChangedAt = now, Version = 1 });
            db.Add(new GuardUser { Id = People.Analyst.Id, UserName = "anton", DisplayName = "<b>Anton</b> \u202Eanalyst" });
            var role = new IdentityRole<Guid>(Roles.Analyst) { Id = Guid.CreateVersion7() };
            db.Add(role);
            db.Add(new IdentityUserRole<Guid> { RoleId = role.Id, UserId = People.Analyst.Id });
            await db.SaveChangesAsync();
        }

        await world.WriteAsync(60, i => new AuditFact(
            i % 2 == 0 ? AuditAction.CaseConfirmed : AuditAction.CommentAdded,
            (i % 3) switch { 0 => AuditActor.Staff(People.Analyst.Id, "192.0.2.1"), 1 => AuditActor.Policy(8, 4), _ => AuditActor.System("scan") },
            world.Clock.Now.AddMinutes(i))
        {
            AccountId = i % 2 == 0 ? 1 : null,
            DomainName = "harbor-tools.dev",
            CaseId = i % 10,
            Reason = i % 4 == 0 ? "Duplicate" : null,
            Changes = [("state", "Unverified", "Confirmed")],
        });
        await world.SealAsync();
        return world;
    }
}
