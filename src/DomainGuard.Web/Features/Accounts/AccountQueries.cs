using System.Collections.Concurrent;
using System.Linq.Expressions;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Paging;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Accounts;

/// <summary>Order of the list of accounts.</summary>
internal enum AccountSort
{
    Name,

    /// <summary>Most at stake first.</summary>
    Impact,
}

/// <summary>What a search text is compared with.</summary>
internal enum AccountSearch
{
    Name,
    Address,
    Domain,
}

/// <summary>What the list is narrowed to. Search is exact or by prefix.</summary>
internal sealed record AccountFilter
{
    public string? Search { get; init; }

    public AccountSearch SearchIn { get; init; }

    public Phase? Phase { get; init; }

    public DomainFlags? Flag { get; init; }

    public string? Tld { get; init; }

    public HandChange? Hands { get; init; }

    public bool DueOnly { get; init; }

    public bool? TwoFactor { get; init; }

    public int? MinImpact { get; init; }

    public bool Retired { get; init; }

    public bool IsEmpty => this == new AccountFilter();

    /// <summary>It narrows by what is known of domains.</summary>
    public bool NarrowsDomains => Phase is not null || Flag is not null || Tld is { Length: > 0 } || Hands is not null || DueOnly || (Search is { Length: > 0 } && SearchIn == AccountSearch.Domain);
}

/// <summary>A row of the list; <see cref="Addresses"/> are filled by a second query for the page.</summary>
internal sealed record AccountRow(
    long Id, string ExternalId, string? UserName, string SortName, string? DisplayName, int Impact, long Projects, long MonthlyDownloads, bool? TwoFactor, bool Privileged, DateTimeOffset? LastSeenAt,
    int AddressCount, DateTimeOffset? CreatedAt, DateTimeOffset? RetiredAt)
{
    public IReadOnlyList<AccountAddress> Addresses { get; init; } = [];

    public bool IsRetired => RetiredAt is not null;

    /// <summary>The address whose domain stands worst.</summary>
    public AccountAddress? Worst => Addresses.OrderByDescending(a => a.HandChange).ThenByDescending(a => a.Phase.Rank() ?? -1).FirstOrDefault();
}

/// <summary>An address of an account with where its domain stands.</summary>
internal sealed record AccountAddress(
    long AccountId, string Email, bool IsPrimary, string Domain, Phase Phase, DomainFlags Flags, HandChange HandChange, DateTimeOffset? VerifiedAt, AddressState State, long? CaseId);

/// <summary>
/// Reads the list of accounts. A page must be there within 100 ms at a million accounts whatever is asked, and no single query does that: where few rows can match, their ids are
/// found first and only these are sorted; where many can, the index of the order is walked until the page is full. See docs/decisions/0005.
/// </summary>
internal sealed class AccountQueries(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    internal const int MostCounted = 10_000;

    /// <summary>Up to this many rows are found and sorted; above, the order is walked.</summary>
    internal const int Few = 5_000;

    /// <summary>So many accounts of the order are looked at before all that match are sorted.</summary>
    internal const int Near = 2_500;

    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(5);
    private static readonly Expression<Func<Account, AccountRow>> Row = a => new AccountRow(
        a.Id, a.ExternalId, a.UserName, a.SortName, a.DisplayName, a.Impact, a.Projects, a.MonthlyDownloads, a.TwoFactor, a.Privileged, a.LastSeenAt, a.AddressCount, a.CreatedAt, a.RetiredAt);

    private readonly ConcurrentDictionary<AccountFilter, (long At, Found Value)> _found = new();

    /// <summary>What is known of a filter before the page.</summary>
    /// <param name="Accounts">All that match, when they are few.</param>
    /// <param name="Domains">The domains it means, when these are few.</param>
    /// <param name="Strangers">Of a search by address that many meet: the accounts with such an address whose own name begins otherwise, when these are few.</param>
    internal sealed record Found(long[]? Accounts, long[]? Domains, long[]? Strangers = null);

    public async Task<KeysetPage<AccountRow>> ListAsync(AccountFilter filter, AccountSort sort, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await ListAsync(db, filter, sort, position, size, await FoundAsync(db, filter, cancel), cancel);
    }

    internal async Task<KeysetPage<AccountRow>> ListAsync(GuardDb db, AccountFilter filter, AccountSort sort, ListPosition position, int size, Found found, CancellationToken cancel)
    {
        // An expression instead of the bare column keeps the planner from walking the index of the order.
        var isAddress = filter is { Search.Length: > 0, SearchIn: AccountSearch.Address };
        var ids = found.Accounts ?? (isAddress ? await NearAsync(db, filter, sort, position, size, found, cancel) : null);
        var few = ids is not null || isAddress;
        var source = ids is not null ? db.Accounts.AsNoTracking().Where(a => EF.Parameter(ids).Contains(a.Id))
            : isAddress ? Holding(db, filter, found.Domains)
            : Matching(db, filter, found.Domains, sort == AccountSort.Name);
        var page = sort == AccountSort.Impact
            ? await Keyset.PageAsync(source, few ? a => a.Impact + 0 : a => a.Impact, a => a.Id, true, position, size, Row, r => (r.Impact, r.Id), cancel)
            : await Keyset.PageAsync(source, few ? a => a.SortName + "" : a => a.SortName, a => a.Id, false, position, size, Row, r => (r.SortName, r.Id), cancel);
        return page with { Items = await WithAddressesAsync(db, page.Items, cancel) };
    }

    /// <summary>
    /// Accounts among which the page of a search by address lies that many meet; null where they can only be found and sorted. Addresses begin as names do, so those who match stand together in the order
    /// of names, and a walk from its other end would meet everybody else first: where few stand elsewhere, that stretch is walked by itself and these are added. Else the next accounts of the order are
    /// looked at, no more than <see cref="Near"/>: enough wherever those who match are spread over it.
    /// </summary>
    private async Task<long[]?> NearAsync(GuardDb db, AccountFilter filter, AccountSort sort, ListPosition position, int size, Found found, CancellationToken cancel)
    {
        if (sort == AccountSort.Name && found.Strangers is { } strangers)
        {
            var stretch = await Keyset.PageAsync(
                Named(Matching(db, filter, found.Domains, isByName: false), filter.Search!), a => a.SortName, a => a.Id, false, position, size + 1, a => new { a.SortName, a.Id }, r => (r.SortName, r.Id), cancel);
            return [.. stretch.Items.Select(a => a.Id).Union(await AmongAsync(db, filter, strangers, cancel, found.Domains))];
        }

        var next = sort == AccountSort.Impact
            ? (await Keyset.PageAsync(db.Accounts.AsNoTracking(), a => a.Impact, a => a.Id, true, position, Near, a => new { a.Id, Key = a.Impact }, r => (r.Key, r.Id), cancel)).Items.Select(a => a.Id)
            : (await Keyset.PageAsync(db.Accounts.AsNoTracking(), a => a.SortName, a => a.Id, false, position, Near, a => new { a.Id, Key = a.SortName }, r => (r.Key, r.Id), cancel)).Items.Select(a => a.Id);
        var matching = await AmongAsync(db, filter, [.. next], cancel, found.Domains);
        return matching.Length > size ? matching : null;
    }

    /// <summary>How many there are; without a filter counted up to 10,001; null where counting would cost more than the page.</summary>
    public async Task<int?> CountAsync(AccountFilter filter, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return (await FoundAsync(db, filter, cancel)).Accounts?.Length
            ?? (filter.IsEmpty ? await Matching(db, filter, null, true).Select(a => a.Id).Take(MostCounted + 1).CountAsync(cancel) : null);
    }

    /// <summary>What a search text most likely means: an address has an @, a domain is one that is watched, all else is a name.</summary>
    public async Task<AccountSearch> MeaningOfAsync(string search, CancellationToken cancel)
    {
        if (search.Contains('@', StringComparison.Ordinal))
        {
            return AccountSearch.Address;
        }

        if (!search.Contains('.', StringComparison.Ordinal))
        {
            return AccountSearch.Name;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await DomainsNamed(db, search).AnyAsync(cancel) ? AccountSearch.Domain : AccountSearch.Name;
    }

    /// <summary>Kept for five seconds, for the next page and for everybody else who asks the same.</summary>
    private async Task<Found> FoundAsync(GuardDb db, AccountFilter filter, CancellationToken cancel)
    {
        if (_found.TryGetValue(filter, out var kept) && time.GetElapsedTime(kept.At) < Keep)
        {
            return kept.Value;
        }

        var value = await FindAsync(db, filter, cancel);
        if (_found.Count > 100)
        {
            _found.Clear();
        }

        _found[filter] = (time.GetTimestamp(), value);
        return value;
    }

    /// <summary>Each part of the filter is asked for itself, from its own index and no further than one row more than few; the other parts then look at these few only.</summary>
    internal async Task<Found> FindAsync(GuardDb db, AccountFilter filter, CancellationToken cancel)
    {
        if (filter is { Search: { Length: > 0 } search, SearchIn: not AccountSearch.Domain })
        {
            var found = filter.SearchIn == AccountSearch.Name ? Named(db.Accounts, search).Select(a => a.Id) : Addressed(AddressesOf(db, filter), search).Select(a => a.AccountId);
            if (await UpToFewAsync(found, cancel) is { } ids)
            {
                return new Found(await AmongAsync(db, filter with { Search = null }, ids, cancel), null);
            }
        }

        long[]? domainIds = null;
        if (filter.NarrowsDomains)
        {
            (domainIds, var addresses) = await FewDomainsAsync(db, filter, cancel);
            // Of retired accounts no domain counts the addresses: their number shows when they are read.
            if (domainIds is not null && addresses <= Few
                && await UpToFewAsync(AddressesOf(db, filter).Where(x => EF.Parameter(domainIds).Contains(x.DomainId)).Select(x => x.AccountId), cancel) is { } ids)
            {
                var rest = filter with { Phase = null, Flag = null, Tld = null, Hands = null, DueOnly = false };
                return new Found(await AmongAsync(db, rest.SearchIn == AccountSearch.Domain ? rest with { Search = null } : rest, ids, cancel), domainIds);
            }
        }

        // Not "is not null", for which SQLite knows no range.
        if (filter.Retired && await UpToFewAsync(db.Accounts.Where(a => a.RetiredAt > DateTimeOffset.UnixEpoch).Select(a => a.Id), cancel) is { } retired)
        {
            return new Found(await AmongAsync(db, filter, retired, cancel, domainIds), domainIds);
        }

        return filter.MinImpact is { } impact && await UpToFewAsync(db.Accounts.Where(a => a.Impact >= impact).Select(a => a.Id), cancel) is { } staked
            ? new Found(await AmongAsync(db, filter with { MinImpact = null }, staked, cancel, domainIds), domainIds)
            : new Found(null, domainIds, await StrangersAsync(db, filter, cancel));
    }

    /// <summary>The domains that a filter means and how many addresses they hold; null where they are many. The index of flags has the counts in it; beside others they are rows to read, which only few are worth.</summary>
    private async Task<(long[]? Ids, long Addresses)> FewDomainsAsync(GuardDb db, AccountFilter filter, CancellationToken cancel)
    {
        var domains = NarrowedDomains(db, filter);
        if (filter.Flag is not null)
        {
            var counted = await domains.Select(d => new { d.Id, d.AddressCount }).Take(Few + 1).ToListAsync(cancel);
            return counted.Count > Few ? (null, 0) : ([.. counted.Select(d => d.Id)], counted.Sum(d => (long)d.AddressCount));
        }

        return await UpToFewAsync(domains.Select(d => d.Id), cancel) is { } ids ? (ids, await db.Domains.Where(d => EF.Parameter(ids).Contains(d.Id)).SumAsync(d => (long)d.AddressCount, cancel)) : (null, 0);
    }

    /// <summary>See <see cref="Found.Strangers"/>; null where they are many, or nothing is searched by address. Read from two indexes alone.</summary>
    internal static async Task<long[]?> StrangersAsync(GuardDb db, AccountFilter filter, CancellationToken cancel)
    {
        if (filter is not { Search: { Length: > 0 } search, SearchIn: AccountSearch.Address })
        {
            return null;
        }

        var named = Named(db.Accounts, search).Select(a => a.Id);
        return await UpToFewAsync(Addressed(AddressesOf(db, filter), search).Where(x => !named.Contains(x.AccountId)).Select(x => x.AccountId), cancel);
    }

    private static async Task<long[]?> UpToFewAsync(IQueryable<long> ids, CancellationToken cancel)
    {
        var found = await ids.Take(Few + 1).ToArrayAsync(cancel);
        return found.Length > Few ? null : found;
    }

    private async Task<long[]> AmongAsync(GuardDb db, AccountFilter rest, long[] ids, CancellationToken cancel, long[]? domainIds = null) =>
        await Matching(db, rest, domainIds, isByName: false).Where(a => EF.Parameter(ids).Contains(a.Id)).Select(a => a.Id).ToArrayAsync(cancel);

    /// <summary>Everything that matches. The range of names is offered to the planner only where names are the order: else it would sort all of it instead of walking.</summary>
    private IQueryable<Account> Matching(GuardDb db, AccountFilter filter, long[]? domainIds, bool isByName)
    {
        var accounts = db.Accounts.AsNoTracking();
        accounts = filter.Retired ? accounts.Where(a => a.RetiredAt != null) : accounts.Where(a => a.RetiredAt == null);
        if (filter.TwoFactor is { } has)
        {
            accounts = has ? accounts.Where(a => a.TwoFactor == true) : accounts.Where(a => a.TwoFactor != true);
        }

        if (filter.MinImpact is { } impact)
        {
            accounts = accounts.Where(a => a.Impact >= impact);
        }

#pragma warning disable CA1309 // These become comparisons in SQL; a range keeps the index, which LIKE would not.
        if (filter is { Search: { Length: > 0 } search, SearchIn: not AccountSearch.Domain })
        {
            var (from, to) = TextRange.OfPrefix(search.ToLowerInvariant());
            accounts = filter.SearchIn == AccountSearch.Address
                ? accounts.Where(a => AddressesOf(db, filter).Any(x => x.AccountId == a.Id && string.Compare(x.SearchEmail + "", from) >= 0 && string.Compare(x.SearchEmail + "", to) < 0))
                : isByName ? Named(accounts, search)
                : accounts.Where(a => string.Compare(a.SortName + "", from) >= 0 && string.Compare(a.SortName + "", to) < 0);
        }
#pragma warning restore CA1309

        if (domainIds is not null)
        {
            accounts = accounts.Where(a => AddressesOf(db, filter).Any(x => x.AccountId == a.Id && EF.Parameter(domainIds).Contains(x.DomainId)));
        }
        else if (filter.NarrowsDomains)
        {
            var domains = NarrowedDomains(db, filter);
            accounts = accounts.Where(a => AddressesOf(db, filter).Any(x => x.AccountId == a.Id && domains.Any(d => d.Id == x.DomainId)));
        }

        return accounts;
    }

    /// <summary>Everything that matches a search by address: the addresses first, from their own index, then what else is asked.</summary>
    private IQueryable<Account> Holding(GuardDb db, AccountFilter filter, long[]? domainIds)
    {
        var holders = Addressed(AddressesOf(db, filter), filter.Search!).Select(x => x.AccountId);
        return Matching(db, filter with { Search = null }, domainIds, isByName: false).Where(a => holders.Contains(a.Id));
    }

    /// <summary>Addresses that count: those that are there, or, of retired accounts, those that were.</summary>
    private static IQueryable<Address> AddressesOf(GuardDb db, AccountFilter filter) =>
        filter.Retired ? db.Addresses.AsNoTracking() : db.Addresses.AsNoTracking().Where(x => x.RetiredAt == null);

    private IQueryable<Domain> NarrowedDomains(GuardDb db, AccountFilter filter)
    {
        var domains = filter is { Search: { Length: > 0 } search, SearchIn: AccountSearch.Domain } ? DomainsNamed(db, search) : db.Domains.AsNoTracking();
        if (filter.Phase is { } phase)
        {
            domains = domains.Where(d => d.Phase == phase);
        }

        if (filter.Flag is { } flag)
        {
            domains = domains.Where(d => (d.Flags & flag) != 0);
        }

        if (filter.Tld is { Length: > 0 } tld)
        {
            domains = domains.Where(d => d.Tld == tld);
        }

        if (filter.Hands is { } hands)
        {
            domains = domains.Where(d => d.HandChange == hands);
        }

        if (filter.DueOnly)
        {
            var now = clock.Now;
            domains = domains.Where(d => d.NextCheckAt <= now);
        }

        return domains;
    }

#pragma warning disable CA1309 // As above.
    private static IQueryable<Account> Named(IQueryable<Account> accounts, string search)
    {
        var (from, to) = TextRange.OfPrefix(search.ToLowerInvariant());
        return accounts.Where(a => string.Compare(a.SortName, from) >= 0 && string.Compare(a.SortName, to) < 0);
    }

    private static IQueryable<Address> Addressed(IQueryable<Address> addresses, string search)
    {
        var (from, to) = TextRange.OfPrefix(search.ToLowerInvariant());
        return addresses.Where(a => string.Compare(a.SearchEmail, from) >= 0 && string.Compare(a.SearchEmail, to) < 0);
    }

    private static IQueryable<Domain> DomainsNamed(GuardDb db, string search)
    {
        var (from, to) = TextRange.OfPrefix(DomainName.TryNormalise(search, out var ascii, out _) ? ascii : search.ToLowerInvariant());
        return db.Domains.AsNoTracking().Where(d => string.Compare(d.Name, from) >= 0 && string.Compare(d.Name, to) < 0);
    }
#pragma warning restore CA1309

    private static async Task<IReadOnlyList<AccountRow>> WithAddressesAsync(GuardDb db, IReadOnlyList<AccountRow> rows, CancellationToken cancel)
    {
        var ids = rows.Select(r => r.Id).ToArray();
        var addresses = (await db.Addresses.AsNoTracking().Where(a => EF.Parameter(ids).Contains(a.AccountId) && (a.RetiredAt == null || a.Account!.RetiredAt != null))
            .OrderByDescending(a => a.IsPrimary).ThenBy(a => a.Id)
            .Select(a => new AccountAddress(
                a.AccountId, a.Email, a.IsPrimary, a.Domain!.Name, a.Domain.Phase, a.Domain.Flags, a.HandChange, a.VerifiedAt, a.State,
                db.Cases.Where(c => c.AddressId == a.Id).Select(c => (long?)c.Id).FirstOrDefault()))
            .ToListAsync(cancel)).ToLookup(a => a.AccountId);
        return [.. rows.Select(r => r with { Addresses = [.. addresses[r.Id]] })];
    }
}
