using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Scans;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Features.Search;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Search;

/// <summary>Where a search text leads.</summary>
public sealed class FindAnythingTests
{
    [Theory]
    [InlineData("d1.org", "/domains/d1.org")]
    [InlineData(" D1.ORG. ", "/domains/d1.org")]
    [InlineData("u1", "/accounts/u1")]
    [InlineData("A@d1.org", "/accounts/u1")]
    [InlineData("12", "/accounts/12")]
    [InlineData("#12", "/scans/12")]
    [InlineData("13", "/scans/13")]
    [InlineData("##13", "/accounts?q=%23%2313")]
    [InlineData("no such & thing", "/accounts?q=no%20such%20%26%20thing")]
    [InlineData("twin", "/accounts?q=twin")]
    [InlineData("a/b", "/accounts/a%2Fb")]
    public async Task A_text_leads_to_what_it_names_and_else_to_the_list(string text, string target)
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("d1.org", "d2.org");
        await using (var db = await world.OpenAsync())
        {
            var now = world.Clock.Now;
            db.AddRange(new[] { (Id: "12", Name: "n12"), (Id: "t1", Name: "twin"), (Id: "t2", Name: "twin"), (Id: "a/b", Name: "slash") }
                .Select((a, i) => new Account { Id = 100 + i, ExternalId = a.Id, SortName = a.Name, AddedAt = now, ChangedAt = now, Version = 1 }));
            db.AddRange(new Scan { Id = 12, RequestedBy = "x", RequestedAt = now, Version = 1 }, new Scan { Id = 13, RequestedBy = "x", RequestedAt = now, Version = 1 });
            await db.SaveChangesAsync();
        }

        Assert.Equal(target, await new FindAnything(world.Get<IDbContextFactory<GuardDb>>()).TargetOfAsync(text, CancellationToken.None));
    }
}
