using DomainGuard.Core.Domains;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Paging;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Features.Accounts;

namespace DomainGuard.Tests.Accounts;

/// <summary>The list of accounts against the same question asked of memory, in every shape the query can take.</summary>
public sealed class AccountQueriesTests
{
    private static readonly string[] Tlds = ["com", "org", "dev"];

    public static TheoryData<DatabaseProvider> Providers => TestDatabase.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Found_and_sorted_or_walked_a_list_is_the_same_and_right(DatabaseProvider provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        var clock = new HandClock();
        var world = await FillAsync(database, clock.Now);
        var queries = new AccountQueries(database.Dbs, clock, TimeProvider.System);
        await using var db = await database.Dbs.CreateDbContextAsync();
        foreach (var filter in Filters())
        {
            var found = await queries.FindAsync(db, filter, CancellationToken.None);
            foreach (var sort in Enum.GetValues<AccountSort>())
            {
                var expected = world.Where(a => Matches(a, filter, clock.Now)).ToList();
                expected = sort == AccountSort.Impact
                    ? [.. expected.OrderByDescending(a => a.Account.Impact).ThenByDescending(a => a.Account.Id)]
                    : [.. expected.OrderBy(a => a.Account.SortName, StringComparer.Ordinal).ThenBy(a => a.Account.Id)];
                var ids = expected.ConvertAll(a => a.Account.Id);
                foreach (var shape in (AccountQueries.Found[])[found, new(null, null), new(null, found.Domains), new(null, found.Domains, await AccountQueries.StrangersAsync(db, filter, CancellationToken.None))])
                {
                    Assert.Equal(ids, await AllAsync(p => queries.ListAsync(db, filter, sort, p, 7, shape, CancellationToken.None), backwards: false));
                    Assert.Equal(ids, await AllAsync(p => queries.ListAsync(db, filter, sort, p, 7, shape, CancellationToken.None), backwards: true));
                }

                if (found.Accounts is not null)
                {
                    Assert.Equal(ids.Count, await queries.CountAsync(filter, CancellationToken.None));
                }
            }
        }
    }

    /// <summary>More than can be sorted begin with one letter, nearly all in one stretch of the names: each page is the same, by whichever way it is found.</summary>
    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_search_by_address_that_many_meet_gives_the_same_pages_whichever_way_they_are_found(DatabaseProvider provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        var clock = new HandClock();
        await using var db = await database.Dbs.CreateDbContextAsync();
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        var domain = new Domain { Id = 1, Name = "d1.com", Tld = "com", WatchedFor = WatchedFor.Addresses, AddedAt = clock.Now, Version = 1, Phase = Phase.Active };
        db.Add(domain);
        List<(Account Account, List<Address> Addresses)> world = [];
        for (var i = 1; i <= AccountQueries.Few + 1_000; i++)
        {
            // A few write from an address that is not called as they are, on either side of the stretch.
            var account = new Account { Id = i, ExternalId = $"id{i}", SortName = $"{(i % 50 == 0 ? i % 100 == 0 ? 'c' : 'z' : 'm')}{i % 4_000}", Impact = i * 7 % 1_000, TwoFactor = i % 5 == 0, AddedAt = clock.Now, ChangedAt = clock.Now, Version = 1 };
            var email = $"{(i % 300 == 7 ? 'q' : 'm')}{i}@d1.com";
            var address = new Address { Id = i, AccountId = i, DomainId = 1, Domain = domain, Email = email, SearchEmail = email, MailHost = "d1.com", BaselineFrom = clock.Now, AddedAt = clock.Now, Version = 1 };
            db.Add(account);
            db.Add(address);
            world.Add((account, [address]));
        }

        await db.SaveChangesAsync();
        db.ChangeTracker.Clear();
        var queries = new AccountQueries(database.Dbs, clock, TimeProvider.System);
        foreach (var filter in (AccountFilter[])[new() { Search = "M", SearchIn = AccountSearch.Address }, new() { Search = "m", SearchIn = AccountSearch.Address, TwoFactor = true }, new() { Search = "q", SearchIn = AccountSearch.Address }])
        {
            var found = await queries.FindAsync(db, filter, CancellationToken.None);
            Assert.Equal(filter.Search == "q", found.Accounts is not null);
            Assert.Equal(filter.Search == "q" ? null : world.Where(a => a.Account.Id % 50 == 0).Select(a => a.Account.Id), found.Strangers?.Order());
            foreach (var sort in Enum.GetValues<AccountSort>())
            {
                var expected = world.Where(a => Matches(a, filter, clock.Now)).Select(a => a.Account).ToList();
                expected = sort == AccountSort.Impact ? [.. expected.OrderByDescending(a => a.Impact).ThenByDescending(a => a.Id)] : [.. expected.OrderBy(a => a.SortName, StringComparer.Ordinal).ThenBy(a => a.Id)];
                var ids = expected.ConvertAll(a => a.Id);
                foreach (var shape in (AccountQueries.Found[])[found, new(null, null)])
                {
                    Assert.Equal(ids, await AllAsync(p => queries.ListAsync(db, filter, sort, p, 450, shape, CancellationToken.None), backwards: false));
                    Assert.Equal(ids, await AllAsync(p => queries.ListAsync(db, filter, sort, p, 450, shape, CancellationToken.None), backwards: true));
                }
            }
        }
    }

    [Fact]
    public async Task A_row_names_the_address_that_stands_worst()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        var clock = new HandClock();
        var world = await FillAsync(database, clock.Now);
        var rows = await new AccountQueries(database.Dbs, clock, TimeProvider.System).ListAsync(new AccountFilter(), AccountSort.Name, new ListPosition(), 500, CancellationToken.None);
        foreach (var row in rows.Items.Where(r => r.Addresses.Count > 0))
        {
            var mine = world.Single(a => a.Account.Id == row.Id).Addresses.Where(a => a.RetiredAt is null).ToList();
            Assert.Equal(mine.Count, row.Addresses.Count);
            Assert.Equal(mine.Max(a => a.Domain!.Phase.Rank() ?? -1), row.Worst!.Phase.Rank() ?? -1);
        }
    }

    [Theory]
    [InlineData("someone@d1.com", AccountSearch.Address)]
    [InlineData("d1.org", AccountSearch.Domain)]
    [InlineData("d1.", AccountSearch.Domain)]
    [InlineData("jo.smith", AccountSearch.Name)]
    [InlineData("josmith", AccountSearch.Name)]
    public async Task A_search_text_says_what_it_is(string text, object meaning)
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        var clock = new HandClock();
        await FillAsync(database, clock.Now);
        Assert.Equal(meaning, await new AccountQueries(database.Dbs, clock, TimeProvider.System).MeaningOfAsync(text, CancellationToken.None));
    }

    private static IEnumerable<AccountFilter> Filters()
    {
        yield return new AccountFilter();
        foreach (var phase in new[] { Phase.Active, Phase.Released, Phase.PendingRestore })
        {
            yield return new AccountFilter { Phase = phase };
            yield return new AccountFilter { Phase = phase, TwoFactor = false, Tld = "org" };
            yield return new AccountFilter { Phase = phase, Retired = true };
            yield return new AccountFilter { Phase = phase, Search = "u1", MinImpact = 300 };
        }

        yield return new AccountFilter { Flag = DomainFlags.Parked };
        yield return new AccountFilter { Flag = DomainFlags.Parked, Hands = HandChange.Suspected };
        yield return new AccountFilter { Hands = HandChange.Reregistered };
        yield return new AccountFilter { Tld = "dev", DueOnly = true };
        yield return new AccountFilter { DueOnly = true };
        yield return new AccountFilter { TwoFactor = true };
        yield return new AccountFilter { MinImpact = 500, TwoFactor = true };
        yield return new AccountFilter { Retired = true };
        yield return new AccountFilter { Retired = true, MinImpact = 200 };
        yield return new AccountFilter { Search = "U1" };
        yield return new AccountFilter { Search = "u17" };
        yield return new AccountFilter { Search = "u1", Retired = true };
        yield return new AccountFilter { Search = "a1", SearchIn = AccountSearch.Address };
        yield return new AccountFilter { Search = "a1", SearchIn = AccountSearch.Address, Phase = Phase.Active };
        yield return new AccountFilter { Search = "U1", SearchIn = AccountSearch.Address };
        yield return new AccountFilter { Search = "u", SearchIn = AccountSearch.Address, Retired = true };
        yield return new AccountFilter { Search = "u", SearchIn = AccountSearch.Address, Tld = "org", TwoFactor = true };
        yield return new AccountFilter { Search = "d1", SearchIn = AccountSearch.Domain };
        yield return new AccountFilter { Search = "D2.org", SearchIn = AccountSearch.Domain, TwoFactor = true };
        yield return new AccountFilter { Search = "%", SearchIn = AccountSearch.Address };
        yield return new AccountFilter { Search = "zzz" };
    }

    private static bool Matches((Account Account, List<Address> Addresses) row, AccountFilter f, DateTimeOffset now)
    {
        var (account, all) = row;
        var addresses = f.Retired ? all : [.. all.Where(x => x.RetiredAt is null)];
        var search = f.Search?.ToLowerInvariant();
        return account.RetiredAt is not null == f.Retired
            && (f.TwoFactor is null || (account.TwoFactor == true) == f.TwoFactor)
            && !(account.Impact < f.MinImpact)
            && (search is null || f.SearchIn != AccountSearch.Name || account.SortName.StartsWith(search, StringComparison.Ordinal))
            && (search is null || f.SearchIn != AccountSearch.Address || addresses.Exists(x => x.SearchEmail.StartsWith(search, StringComparison.Ordinal)))
            && (!f.NarrowsDomains || addresses.Exists(x => x.Domain is { } d
                && (f.Phase is null || d.Phase == f.Phase) && (f.Flag is null || (d.Flags & f.Flag) != 0) && (f.Tld is null || d.Tld == f.Tld) && (f.Hands is null || d.HandChange == f.Hands)
                && (!f.DueOnly || d.NextCheckAt <= now) && (search is null || f.SearchIn != AccountSearch.Domain || d.Name.StartsWith(search, StringComparison.Ordinal))));
    }

    private static async Task<List<long>> AllAsync(Func<ListPosition, Task<KeysetPage<AccountRow>>> read, bool backwards)
    {
        List<long> ids = [];
        for (var position = backwards ? new ListPosition(Before: ListPosition.End) : new ListPosition(); ;)
        {
            var page = await read(position);
            ids.InsertRange(backwards ? 0 : ids.Count, page.Items.Select(r => r.Id));
            if ((backwards ? page.Previous : page.Next) is not { } cursor)
            {
                return ids;
            }

            position = backwards ? new ListPosition(Before: cursor) : new ListPosition(After: cursor);
        }
    }

    private static async Task<List<(Account Account, List<Address> Addresses)>> FillAsync(TestDatabase database, DateTimeOffset now)
    {
        var random = new Random(7);
        await using var db = await database.Dbs.CreateDbContextAsync();
        var domains = Enumerable.Range(0, 24).Select(i => new Domain
        {
            Id = i + 1,
            Name = $"d{i}.{Tlds[i % 3]}",
            Tld = Tlds[i % 3],
            WatchedFor = WatchedFor.Addresses,
            AddedAt = now,
            Version = 1,
            Phase = i % 5 == 0 ? Phase.Released : Phase.Active,
            Flags = i % 4 == 0 ? DomainFlags.Parked : 0,
            HandChange = (HandChange)(i % 3),
            NextCheckAt = now.AddHours(i - 6),
        }).ToList();
        List<(Account, List<Address>)> world = [];
        for (var i = 0; i < 90; i++)
        {
            DateTimeOffset? retired = i % 9 == 4 ? now : null;
            var account = new Account
            {
                Id = i + 1,
                ExternalId = $"id{i}",
                UserName = $"U{i % 40}",
                SortName = $"u{i % 40}",
                Impact = random.Next(10) * 100,
                TwoFactor = (i % 3) switch { 0 => true, 1 => false, _ => null },
                RetiredAt = retired,
                AddedAt = now,
                ChangedAt = now,
                Version = 1,
            };
            List<Address> addresses = [];
            for (var k = 0; k < i % 4; k++)
            {
                var domain = domains[random.Next(domains.Count)];
                // Some are called as their account is, some are not.
                var local = k == 1 ? $"U{(i + 7) % 40}.{i}" : i % 2 == 0 ? $"U{i % 40}.{i}.{k}" : $"A{i}.{k}";
                addresses.Add(new Address
                {
                    Id = (i * 10) + k + 1,
                    AccountId = account.Id,
                    DomainId = domain.Id,
                    Domain = domain,
                    Email = $"{local}@{domain.Name}",
                    SearchEmail = $"{local.ToLowerInvariant()}@{domain.Name}",
                    MailHost = domain.Name,
                    BaselineFrom = now,
                    AddedAt = now,
                    RetiredAt = retired ?? (k == 2 ? now : null),
                    Version = 1,
                });
                domain.AddressCount += addresses[^1].RetiredAt is null ? 1 : 0;
            }

            db.Add(account);
            db.AddRange(addresses);
            world.Add((account, addresses));
        }

        db.AddRange(domains);
        await db.SaveChangesAsync();
        return world;
    }
}
