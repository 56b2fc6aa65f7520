using DomainGuard.Data.Accounts;
using DomainGuard.Data.Paging;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Databases;

public sealed class KeysetTests
{
    private static readonly string[] Names = ["", "a", "a", "a", "B", "b", "e", "é", "z", "Z", "ß", "日本", "a b", "a-b", "~", "1", "10", "2"];

    public static TheoryData<DatabaseProvider> Providers => TestDatabase.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Walking_forward_and_back_meets_every_row_once_in_the_same_order(DatabaseProvider provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        var cancel = TestContext.Current.CancellationToken;
        await using var db = await database.Dbs.CreateDbContextAsync(cancel);
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero).AddMicroseconds(901);
        for (var i = 0; i < 54; i++)
        {
            db.Accounts.Add(new Account { Id = 1000 - i, ExternalId = $"x{i}", SortName = Names[i % Names.Length], Impact = i % 5, AddedAt = at.AddMicroseconds(i % 4), ChangedAt = at });
        }

        await db.SaveChangesAsync(cancel);
        await CheckAsync(db.Accounts, a => a.SortName, false);
        await CheckAsync(db.Accounts, a => a.SortName, true);
        await CheckAsync(db.Accounts, a => a.Impact, true);
        await CheckAsync(db.Accounts, a => a.AddedAt, false);
        await CheckAsync(db.Accounts, a => a.SortName + "", false);

        async Task CheckAsync<TKey>(IQueryable<Account> source, System.Linq.Expressions.Expression<Func<Account, TKey>> key, bool descending)
        {
            var read = key.Compile();
            List<long> forward = [];
            string? next = null;
            string? last = null;
            do
            {
                var page = await PageAsync(new ListPosition(After: next));
                forward.AddRange(page.Items.Select(a => a.Id));
                (next, last) = (page.Next, page.Previous);
            }
            while (next is not null);
            Assert.Equal(54, forward.Count);
            Assert.Equal(54, forward.Distinct().Count());

            List<long> backward = [];
            var before = ListPosition.End;
            while (before is not null)
            {
                var page = await PageAsync(new ListPosition(Before: before));
                backward.InsertRange(0, page.Items.Select(a => a.Id));
                before = page.Previous;
            }

            Assert.Equal(forward, backward);
            Assert.NotNull(last);

            Task<KeysetPage<Account>> PageAsync(ListPosition position) =>
                Keyset.PageAsync(source.AsNoTracking(), key, a => a.Id, descending, position, 7, a => a, a => (read(a), a.Id), cancel);
        }
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("~")]
    [InlineData("12")]
    [InlineData("99999999999999999999~a")]
    public async Task A_cursor_that_cannot_be_read_gives_the_first_page(string cursor)
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        var cancel = TestContext.Current.CancellationToken;
        await using var db = await database.Dbs.CreateDbContextAsync(cancel);
        db.Accounts.Add(new Account { Id = 1, ExternalId = "a", SortName = "a" });
        await db.SaveChangesAsync(cancel);
        var page = await Keyset.PageAsync(db.Accounts, a => a.SortName, a => a.Id, false, new ListPosition(After: cursor), 10, a => a, a => (a.SortName, a.Id), cancel);
        Assert.Single(page.Items);
    }
}
